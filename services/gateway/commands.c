#include "services/gateway/commands.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/memory.h"

struct waiter {
    struct deadline deadline; // first, so that a deadline is its waiter
    struct command *command;
    struct waiter *next;
    bool time_is_up; // waits only for the last look into Redis
    struct command_request request;
};

static uint64_t hash_of(const char *id) {
    return hy_hash64(hy_bytes_of(id));
}

static bool same_command(const void *value, const void *key) {
    return strcmp(((const struct command *)value)->id, key) == 0;
}

static struct command *find(const struct commands *table, const char *id) {
    return hy_map_find(&table->by_id, hash_of(id), same_command, id);
}

static struct command *find_or_add(struct commands *table, const struct command_request *request) {
    struct command *command = find(table, request->command_id);
    if (command != NULL) return command;
    command = hy_calloc(1, sizeof *command);
    strncpy(command->id, request->command_id, sizeof command->id - 1);
    command->log = request->log;
    command->partition = request->partition;
    command->table = table;
    command->listed = true;
    hy_map_add(&table->by_id, hash_of(command->id), command);
    return command;
}

// Nobody joins it from now on: the next who asks has the event appended anew.
static void unlist(struct command *command) {
    if (command->listed) hy_map_remove(&command->table->by_id, hash_of(command->id), command);
    command->listed = false;
}

// A command is kept as long as somebody waits for it, or Kafka still has to report on it.
static void forget_if_done(struct command *command) {
    if (command->waiters != NULL || command->in_flight) return;
    unlist(command);
    hy_free(command);
}

static bool only_durability(const struct waiter *waiter) {
    return waiter->request.wait_ms == 0;
}

// Takes the waiters that are concerned off the command and tells them; the command may be gone afterwards.
static void tell(struct command *command, bool (*concerns)(const struct waiter *waiter),
                 enum command_outcome outcome, const Huiyuan__V1__Answer *answer) {
    struct waiter *told = NULL;
    for (struct waiter **place = &command->waiters; *place != NULL;) {
        struct waiter *waiter = *place;
        if (!concerns(waiter)) {
            place = &waiter->next;
            continue;
        }
        *place = waiter->next;
        waiter->next = told;
        told = waiter;
    }
    struct commands *table = command->table;
    struct deadlines *deadlines = &table->deadlines;
    forget_if_done(command);
    while (told != NULL) {
        struct waiter *waiter = told;
        told = waiter->next;
        deadlines_remove(deadlines, &waiter->deadline);
        table->awaiting_durability -= only_durability(waiter);
        waiter->request.done(waiter->request.context, outcome, answer);
        hy_free(waiter);
    }
}

static bool everybody(const struct waiter *waiter) {
    (void)waiter;
    return true;
}

static bool out_of_time(const struct waiter *waiter) {
    return waiter->time_is_up;
}

// The outcome may be in Redis although nobody told us, so one last look. Where Kafka has not even confirmed
// the event, there is nothing to look for.
static void expired(struct deadline *deadline) {
    struct waiter *waiter = (struct waiter *)deadline;
    struct command *command = waiter->command;
    struct commands *table = command->table;
    bool looked = waiter->time_is_up;
    waiter->time_is_up = true;
    deadlines_add(&table->deadlines, deadline, table->now_ms + COMMANDS_LOOK_UP_MS);
    if (command->in_flight)
        tell(command, out_of_time, COMMAND_AWAY, NULL);
    else if (looked)
        tell(command, out_of_time, COMMAND_PENDING, NULL);
    else
        table->look_up(table->context, command);
}

void commands_init(struct commands *table, void (*look_up)(void *context, const struct command *command),
                   void *context) {
    *table = (struct commands){.look_up = look_up, .context = context};
    hy_map_init(&table->by_id);
}

void commands_free(struct commands *table) {
    size_t cursor = 0;
    for (struct command *command; (command = hy_map_next(&table->by_id, &cursor)) != NULL; cursor = 0) {
        command->in_flight = false;
        tell(command, everybody, COMMAND_AWAY, NULL);
    }
    hy_map_free(&table->by_id);
}

// Where nobody says how long to wait, Kafka gets as long as anybody would wait for it.
enum { DURABILITY_WAIT_MS = 5000 };

struct command *commands_join(struct commands *table, const struct command_request *request) {
    struct command *command = find_or_add(table, request);
    struct waiter *waiter = hy_calloc(1, sizeof *waiter);
    waiter->request = *request;
    waiter->command = command;
    waiter->deadline.expired = expired;
    waiter->next = command->waiters;
    command->waiters = waiter;
    table->awaiting_durability += only_durability(waiter);
    int64_t wait_ms = request->wait_ms > 0 ? request->wait_ms : DURABILITY_WAIT_MS;
    deadlines_add(&table->deadlines, &waiter->deadline, table->now_ms + wait_ms);
    if (!command->durable && !command->in_flight) {
        command->in_flight = true;
        return command;
    }
    if (command->durable) tell(command, only_durability, COMMAND_PENDING, NULL);
    return NULL;
}

void commands_delivered(struct command *command, bool failed) {
    command->in_flight = false;
    command->durable = !failed;
    if (failed)
        tell(command, everybody, COMMAND_AWAY, NULL);
    else
        tell(command, only_durability, COMMAND_PENDING, NULL);
}

void commands_answered(struct commands *table, const Huiyuan__V1__Answer *answer) {
    struct command *command = find(table, answer->command_id);
    if (command == NULL) return;
    unlist(command); // the report of Kafka may still be on its way
    tell(command, everybody, COMMAND_ANSWERED, answer);
}

void commands_unanswered(struct commands *table, const char *command_id) {
    struct command *command = find(table, command_id);
    if (command != NULL) tell(command, out_of_time, COMMAND_PENDING, NULL);
}

void commands_look_up_all(struct commands *table) {
    size_t cursor = 0;
    for (const struct command *command; (command = hy_map_next(&table->by_id, &cursor)) != NULL;) {
        if (command->waiters != NULL) table->look_up(table->context, command);
    }
}
