// A sender and the mail server behind it, in one: it takes what notification hands over, sends it or not, and
// reports or not. What was sent stays sent when it dies; what it meant to say is gone.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/stage/keys.h"
#include "proto/commands.pb-c.h"
#include "tests/sim/sim.h"

enum { SPARE_MS = 32000 }; // a send begins so long before its result is missed, or not at all

struct job {
    struct job *next;
    Huiyuan__V1__DeliveryChange *order;
    char *member_id;
    Huiyuan__V1__DeliveryOutcome outcome; // UNSPECIFIED: not sent yet
    const char *detail;
    bool reporting;
};

struct sender {
    struct sim *sim;
    struct hy_bus *bus;
    uint32_t commands;
    struct job *first;
};

static void job_free(struct job *job) {
    huiyuan__v1__delivery_change__free_unpacked(job->order, NULL);
    hy_free(job->member_id);
    hy_free(job);
}

static void drop(struct sender *sender, struct job *job) {
    struct job **at = &sender->first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    job_free(job);
}

// The report is durable, or is to be sent again.
static void delivered(void *context, const struct hy_delivery *delivery) {
    struct sender *sender = context;
    struct job *job = (struct job *)(uintptr_t)delivery->token;
    if (delivery->failed)
        job->reporting = false;
    else
        drop(sender, job);
}

struct sender *sender_open(struct sim *sim) {
    struct sender *sender = hy_calloc(1, sizeof *sender);
    struct hy_bus_options options = {.partitions = sim->world.options.partitions};
    struct hy_bus_events events = {.context = sender, .delivered = delivered};
    sender->sim = sim;
    sender->bus = hy_bus_open(&options, &events);
    sender->commands = hy_bus_topic(sender->bus, "commands");
    return sender;
}

void sender_close(struct sender *sender) {
    hy_bus_mem_crash(sender->bus);
    while (sender->first != NULL)
        drop(sender, sender->first);
    hy_free(sender);
}

void sender_take(void *context, const char *member_id, struct hy_bytes order) {
    struct sender *sender = context;
    struct job *job = hy_calloc(1, sizeof *job);
    job->order = huiyuan__v1__delivery_change__unpack(NULL, order.length, order.data);
    job->member_id = hy_strdup(member_id);
    struct job **at = &sender->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = job;
    judge_effect(&sender->sim->judge, member_id, job->order);
}

static struct sim_mail *mail_of(struct sim *sim, const char *delivery_id) {
    for (size_t i = 0; i < sim->mail_count; i++) {
        if (strcmp(sim->mails[i].delivery_id, delivery_id) == 0) return &sim->mails[i];
    }
    if (sim->mail_count == SIM_MAILS) return NULL;
    struct sim_mail *mail = &sim->mails[sim->mail_count++];
    *mail = (struct sim_mail){0};
    snprintf(mail->delivery_id, sizeof mail->delivery_id, "%s", delivery_id);
    return mail;
}

// The provider has it now. A webhook's key is known: another time is the same time.
static void hand_over(struct sender *sender, const struct job *job) {
    struct sim_mail *mail = mail_of(sender->sim, job->order->delivery_id);
    if (mail == NULL) return;
    if (job->order->channel != HUIYUAN__V1__CONTACT_CHANNEL__EMAIL) {
        mail->texts = 1;
        return;
    }
    mail->mails++;
    if (mail->mails > 1)
        judge_fail(&sender->sim->judge, "%s was mailed %u times", mail->delivery_id, mail->mails);
}

static bool has_key(const struct sender *sender, const struct job *job) {
    const struct world *world = &sender->sim->world;
    struct hy_key key = hy_key_member_key(
        world->options.redis_prefix, hy_partition_of(hy_bytes_of(job->member_id), world->options.partitions),
        job->member_id);
    return hy_mem_table_get(world->table, hy_key_bytes(&key)).data != NULL;
}

static void result(struct job *job, Huiyuan__V1__DeliveryOutcome outcome, const char *detail) {
    job->outcome = outcome;
    job->detail = detail;
}

// True when nothing will ever be said about it.
static bool send(struct sender *sender, struct job *job, int64_t now_ms) {
    struct sim *sim = sender->sim;
    unsigned luck = sim_draw(sim, 100);
    if (now_ms + SPARE_MS > job->order->due_ms) {
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW, "not begun in time");
    } else if (sim->table_away || !has_key(sender, job)) {
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW, "no key");
    } else if (luck < sim->silence) { // the last word of the provider is lost, or there was none
        sim->events[EVENT_SILENT_SEND]++;
        if (sim_draw(sim, 2) == 0) hand_over(sender, job);
        return true;
    } else if (luck < sim->silence + 10) {
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW, "busy");
    } else if (luck < sim->silence + 15) {
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_GOOD, "refused");
    } else if (luck < sim->silence + 22) {
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_GOOD, DELIVERY_NO_ADDRESS);
    } else {
        hand_over(sender, job);
        result(job, HUIYUAN__V1__DELIVERY_OUTCOME__DELIVERED, "250 ok");
    }
    return false;
}

static void report(struct sender *sender, struct job *job, int64_t now_ms) {
    char id[128];
    Huiyuan__V1__DeliveryResult said = HUIYUAN__V1__DELIVERY_RESULT__INIT;
    said.delivery_id = job->order->delivery_id;
    said.attempt = job->order->attempt;
    said.outcome = job->outcome;
    said.detail = (char *)(uintptr_t)job->detail;
    snprintf(id, sizeof id, "delivery-%s-%" PRIu32, said.delivery_id, said.attempt);
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.command_id = id;
    command.member_id = job->member_id;
    command.issued_at_ms = now_ms;
    command.to = (char *)(uintptr_t) "deliveries";
    command.body_case = HUIYUAN__V1__COMMAND__BODY_DELIVERY_RESULT;
    command.delivery_result = &said;
    uint8_t bytes[1024];
    struct hy_bytes member = hy_bytes_of(job->member_id);
    job->reporting = hy_bus_append(
        sender->bus, sender->commands, hy_partition_of(member, sender->sim->world.options.partitions), member,
        hy_bytes(bytes, huiyuan__v1__command__pack(&command, bytes)), (uint64_t)(uintptr_t)job);
}

bool sender_step(struct sender *sender, int64_t now_ms) {
    bool any = hy_bus_poll(sender->bus, 1, 0) > 0;
    for (struct job *job = sender->first, *next; job != NULL; job = next) {
        next = job->next;
        if (job->reporting) continue;
        any = true;
        if (job->outcome == 0 && sim_draw(sender->sim, 3) == 0) continue; // it takes its time
        if (job->outcome == 0 && send(sender, job, now_ms)) {
            drop(sender, job);
            continue;
        }
        if (!job->reporting) report(sender, job, now_ms);
    }
    return any;
}

// What the provider has was sent, or is called uncertain; what was sent, the provider has.
bool sender_rest(struct sim *sim) {
    for (size_t i = 0; i < sim->mail_count; i++) {
        const struct sim_mail *mail = &sim->mails[i];
        int end = judge_delivery_end(&sim->judge, mail->delivery_id);
        bool told = end == HUIYUAN__V1__DELIVERY_CHANGE_KIND__SENT ||
                    end == HUIYUAN__V1__DELIVERY_CHANGE_KIND__UNCERTAIN;
        if (mail->mails > 0 && !told)
            return judge_fail(&sim->judge, "%s was mailed, but ended as kind %d", mail->delivery_id, end);
    }
    return true;
}
