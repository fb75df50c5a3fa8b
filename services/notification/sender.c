#include "services/notification/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/hash.h"
#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/io/store.h"
#include "common/stage/keys.h"
#include "proto/commands.pb-c.h"
#include "services/notification/letter.h"
#include "services/notification/notification.h"

enum {
    WAITING_LIMIT = 5000,
    MESSAGE_BYTES = 64 * 1024,
    STOP_MS = 5000,
    STOP_STEP_NS = 5000000,
    SPARE_MS = 2000, // between the last moment of a delivery and the moment at which its result is missed
};

typedef Huiyuan__V1__DeliveryChange Order;

// One order, from the decision to the acknowledged report.
struct job {
    struct job *next;
    struct sender *sender;
    Order *order;
    char *member_id;
    Huiyuan__V1__DeliveryOutcome outcome;
    char detail[160];
    bool reporting; // the report is on its way
};

struct queue {
    struct job *first, **end;
    size_t count;
};

struct sender {
    struct hy_service_world world;
    const struct templates *templates;
    const struct hy_kek *kek;
    const char *from, *from_name;
    int64_t timeout_ms, now_ms;
    struct hy_courier *courier;
    struct hy_bus *bus;
    struct hy_store *store;
    uint32_t commands;
    struct queue waiting, reports;
    size_t open; // begun, not reported yet
    struct hy_arena arena;
    bool stopping;
};

static void queue_init(struct queue *queue) {
    *queue = (struct queue){.end = &queue->first};
}

static void push(struct queue *queue, struct job *job) {
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
    queue->count++;
}

static struct job *pop(struct queue *queue) {
    struct job *job = queue->first;
    queue->first = job->next;
    if (queue->first == NULL) queue->end = &queue->first;
    queue->count--;
    return job;
}

static void job_free(struct job *job) {
    huiyuan__v1__delivery_change__free_unpacked(job->order, NULL);
    hy_free(job->member_id);
    hy_free(job);
}

// --- reports ---

static void report(struct job *job, Huiyuan__V1__DeliveryOutcome outcome, const char *detail) {
    job->outcome = outcome;
    snprintf(job->detail, sizeof job->detail, "%s", detail);
    push(&job->sender->reports, job);
}

static void fail_for_now(struct job *job, const char *detail) {
    report(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_NOW, detail);
}

static void fail_for_good(struct job *job, const char *detail) {
    report(job, HUIYUAN__V1__DELIVERY_OUTCOME__FAILED_FOR_GOOD, detail);
}

// The same attempt has the same command id: a report that is sent twice counts once.
static struct hy_bytes report_message(struct sender *sender, const struct job *job) {
    Huiyuan__V1__DeliveryResult result = HUIYUAN__V1__DELIVERY_RESULT__INIT;
    result.delivery_id = job->order->delivery_id;
    result.attempt = job->order->attempt;
    result.outcome = job->outcome;
    result.detail = (char *)(uintptr_t)job->detail;
    Huiyuan__V1__Command command = HUIYUAN__V1__COMMAND__INIT;
    command.command_id =
        hy_arena_printf(&sender->arena, "delivery-%s-%" PRIu32, result.delivery_id, result.attempt);
    command.member_id = job->member_id;
    command.issued_at_ms = sender->now_ms;
    command.to = (char *)(uintptr_t) "deliveries";
    command.body_case = HUIYUAN__V1__COMMAND__BODY_DELIVERY_RESULT;
    command.delivery_result = &result;
    return hy_brain_pack(&sender->arena, &command.base);
}

static bool send_reports(struct sender *sender) {
    bool busy = false;
    while (sender->reports.count > 0) {
        struct job *job = sender->reports.first;
        struct hy_bytes member = hy_bytes_of(job->member_id);
        hy_arena_reset(&sender->arena);
        if (!hy_bus_append(sender->bus, sender->commands, hy_partition_of(member, sender->world.partitions),
                           member, report_message(sender, job), (uint64_t)(uintptr_t)job))
            break;
        pop(&sender->reports);
        busy = true;
    }
    return busy;
}

static void delivered(void *context, const struct hy_delivery *delivery) {
    struct sender *sender = context;
    struct job *job = (struct job *)(uintptr_t)delivery->token;
    if (delivery->failed) {
        push(&sender->reports, job); // again: it may be there or not, and counts once
        return;
    }
    sender->open--;
    job_free(job);
}

// --- sending ---

static void sent(void *context, const struct hy_courier_result *result) {
    struct job *job = context;
    struct sender *sender = job->sender;
    switch (result->outcome) {
    case HY_COURIER_DELIVERED: report(job, HUIYUAN__V1__DELIVERY_OUTCOME__DELIVERED, result->detail); return;
    case HY_COURIER_FAILED_FOR_NOW: fail_for_now(job, result->detail); return;
    case HY_COURIER_FAILED_FOR_GOOD: fail_for_good(job, result->detail); return;
    default: break;
    }
    // Nobody knows, so nothing is said: the delivery's timer will find that no result came.
    hy_log(HY_LOG_WARN, "unanswered", "delivery %s, attempt %" PRIu32 ": %s", job->order->delivery_id,
           job->order->attempt, result->detail);
    sender->open--;
    job_free(job);
}

static void send_mail(struct job *job, const Huiyuan__V1__PersonalData *person,
                      const struct template *template) {
    struct sender *sender = job->sender;
    if (person->email[0] == '\0') {
        fail_for_good(job, DELIVERY_NO_ADDRESS);
        return;
    }
    struct hy_buffer subject, body;
    hy_buffer_init(&subject, MESSAGE_BYTES);
    hy_buffer_init(&body, MESSAGE_BYTES);
    const char *missing = NULL;
    if (letter_mail(job->order, person, template, &subject, &body, &missing)) {
        struct hy_mail mail = {.from = sender->from,
                               .from_name = sender->from_name,
                               .to = person->email,
                               .id = job->order->delivery_id,
                               .subject = (const char *)subject.data,
                               .body = (const char *)body.data,
                               .date_ms = sender->now_ms};
        hy_courier_mail(sender->courier, &mail, sent, job);
    } else {
        fail_for_good(job, hy_arena_printf(&sender->arena, "template without %s", missing));
    }
    letter_wipe(&subject);
    letter_wipe(&body);
}

static void send_text(struct job *job, const Huiyuan__V1__PersonalData *person,
                      const struct template *template) {
    struct sender *sender = job->sender;
    struct hy_buffer json;
    hy_buffer_init(&json, MESSAGE_BYTES);
    const char *missing = NULL;
    if (person->phone[0] == '\0')
        fail_for_good(job, DELIVERY_NO_ADDRESS);
    else if (letter_text(job->order, person, template, &json, &missing))
        hy_courier_post(sender->courier, job->order->delivery_id, sender->now_ms, hy_buffer_bytes(&json),
                        sent, job);
    else
        fail_for_good(job, hy_arena_printf(&sender->arena, "template without %s", missing));
    letter_wipe(&json);
}

static void send(struct job *job, const Huiyuan__V1__PersonalData *person) {
    const struct sender *sender = job->sender;
    bool mail = job->order->channel == HUIYUAN__V1__CONTACT_CHANNEL__EMAIL;
    const struct template *template = templates_find(sender->templates, job->order->template_);
    if (template == NULL)
        fail_for_now(job, "unknown template"); // another instance has it
    else if (mail ? !hy_courier_has_mail(sender->courier) : !hy_courier_has_webhook(sender->courier))
        fail_for_good(job, DELIVERY_NO_PROVIDER);
    else if (mail)
        send_mail(job, person, template);
    else
        send_text(job, person, template);
}

// --- opening ---

static struct hy_bytes bytes_of(ProtobufCBinaryData data) {
    return hy_bytes(data.data, data.len);
}

// In the arena; NULL: cannot be opened with our key.
static Huiyuan__V1__PersonalData *open_person(struct sender *sender, const struct job *job,
                                              struct hy_bytes wrapped_bytes) {
    const Huiyuan__V1__WrappedKey *wrapped =
        huiyuan__v1__wrapped_key__unpack(&sender->arena.protobuf, wrapped_bytes.length, wrapped_bytes.data);
    const Huiyuan__V1__Sealed *sealed = job->order->personal;
    if (wrapped == NULL || sealed == NULL) return NULL;
    struct hy_member_key key;
    if (!hy_member_key_unwrap(sender->kek, job->member_id,
                              (struct hy_sealed){bytes_of(wrapped->nonce), bytes_of(wrapped->ciphertext)},
                              &key))
        return NULL;
    struct hy_bytes clear;
    bool opened = hy_unseal(&key, job->member_id,
                            (struct hy_sealed){bytes_of(sealed->nonce), bytes_of(sealed->ciphertext)},
                            &sender->arena, &clear);
    hy_member_key_wipe(&key);
    if (!opened) return NULL;
    Huiyuan__V1__PersonalData *person =
        huiyuan__v1__personal_data__unpack(&sender->arena.protobuf, clear.length, clear.data);
    hy_wipe((void *)(uintptr_t)clear.data, clear.length);
    return person;
}

static void wipe_person(Huiyuan__V1__PersonalData *person) {
    hy_wipe(person->phone, strlen(person->phone));
    hy_wipe(person->name, strlen(person->name));
    hy_wipe(person->birthday, strlen(person->birthday));
    hy_wipe(person->email, strlen(person->email));
}

static void key_found(void *context, const struct hy_store_answer *answer) {
    struct job *job = context;
    struct sender *sender = job->sender;
    hy_arena_reset(&sender->arena);
    if (answer->status != HY_STORE_OK) {
        fail_for_now(job, "Redis is away");
        return;
    }
    // Redis may have lost it for a moment. When the member was erased, the next attempt will know.
    if (answer->values[0].data == NULL) {
        fail_for_now(job, "no key");
        return;
    }
    Huiyuan__V1__PersonalData *person = open_person(sender, job, answer->values[0]);
    if (person == NULL) {
        hy_log(HY_LOG_ERROR, "unreadable",
               "delivery %s: the personal data does not open with this key-encryption key",
               job->order->delivery_id);
        fail_for_now(job, "unreadable");
        return;
    }
    send(job, person);
    wipe_person(person);
}

static void begin(struct job *job) {
    struct sender *sender = job->sender;
    // The decision was made a while ago, and its result will be missed soon: better to decide anew.
    if (sender->now_ms + sender->timeout_ms + SPARE_MS > job->order->due_ms) {
        fail_for_now(job, "not begun in time");
        return;
    }
    struct hy_bytes member = hy_bytes_of(job->member_id);
    struct hy_key key = hy_key_member_key(sender->world.redis_prefix,
                                          hy_partition_of(member, sender->world.partitions), job->member_id);
    hy_store_get(sender->store, &(struct hy_bytes){(const uint8_t *)key.text, key.length}, 1, key_found, job);
}

// Those that ask for their key have no place with the courier yet, but will need one.
static bool begin_waiting(struct sender *sender) {
    bool busy = false;
    while (sender->waiting.count > 0 && hy_courier_room(sender->courier) > hy_store_pending(sender->store)) {
        begin(pop(&sender->waiting));
        busy = true;
    }
    return busy;
}

// --- the door ---

void sender_take(void *context, const char *member_id, struct hy_bytes order_bytes) {
    struct sender *sender = context;
    Order *order = huiyuan__v1__delivery_change__unpack(NULL, order_bytes.length, order_bytes.data);
    if (order == NULL) return; // our own bytes: cannot be
    struct job *job = hy_calloc(1, sizeof *job);
    job->sender = sender;
    job->order = order;
    job->member_id = hy_strdup(member_id);
    sender->open++;
    if (sender->stopping || sender->waiting.count >= WAITING_LIMIT)
        fail_for_now(job, "busy");
    else
        push(&sender->waiting, job);
}

bool sender_step(struct sender *sender, int64_t now_ms) {
    sender->now_ms = now_ms;
    bool busy = begin_waiting(sender);
    busy |= hy_store_poll(sender->store, 0) > 0;
    busy |= hy_courier_step(sender->courier);
    busy |= send_reports(sender);
    busy |= hy_bus_poll(sender->bus, 1, 0) > 0;
    return busy;
}

static void free_all(struct queue *queue) {
    while (queue->count > 0)
        job_free(pop(queue));
}

static bool open_doors(struct sender *sender, const struct hy_courier_options *courier) {
    struct hy_bus_options bus = {.brokers = sender->world.brokers,
                                 .topic_prefix = sender->world.topic_prefix,
                                 .instance = sender->world.instance,
                                 .partitions = sender->world.partitions,
                                 .session_ms = 6000,
                                 .queue_kbytes = 1024};
    struct hy_bus_events events = {.context = sender, .delivered = delivered};
    sender->courier = hy_courier_open(courier);
    if (sender->courier == NULL) return false;
    sender->bus = hy_bus_open(&bus, &events);
    sender->store = hy_store_open(sender->world.redis_url);
    return sender->bus != NULL && sender->store != NULL;
}

static void sender_free(struct sender *sender) {
    if (sender->courier != NULL) hy_courier_close(sender->courier);
    if (sender->bus != NULL) hy_bus_close(sender->bus, 1000);
    if (sender->store != NULL) hy_store_close(sender->store);
    free_all(&sender->waiting);
    free_all(&sender->reports);
    hy_arena_free(&sender->arena);
    hy_free(sender);
}

struct sender *sender_start(const struct sender_options *options) {
    struct sender *sender = hy_calloc(1, sizeof *sender);
    sender->world = *options->world;
    sender->templates = options->templates;
    sender->kek = options->kek;
    sender->from = options->from;
    sender->from_name = options->from_name;
    sender->timeout_ms = options->courier.timeout_ms;
    queue_init(&sender->waiting);
    queue_init(&sender->reports);
    hy_arena_init(&sender->arena);
    if (!open_doors(sender, &options->courier)) {
        sender_free(sender);
        return NULL;
    }
    sender->commands = hy_bus_topic(sender->bus, "commands");
    return sender;
}

void sender_stop(struct sender *sender) {
    sender->stopping = true;
    while (sender->waiting.count > 0)
        fail_for_now(pop(&sender->waiting), "stopping");
    uint64_t until_ns = hy_clock_monotonic_ns() + (uint64_t)STOP_MS * 1000000;
    while (sender->open > 0 && hy_clock_monotonic_ns() < until_ns) {
        if (!sender_step(sender, hy_clock_now_ms()))
            nanosleep(&(struct timespec){.tv_nsec = STOP_STEP_NS}, NULL);
    }
    if (sender->open > 0)
        hy_log(HY_LOG_WARN, "unfinished", "%zu deliveries have no result yet", sender->open);
    sender_free(sender);
}
