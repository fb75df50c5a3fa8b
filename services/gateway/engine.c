#include "services/gateway/engine.h"

#include <stdatomic.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/clock_follow.h"
#include "common/io/log.h"
#include "common/stage/keys.h"

enum {
    AGAIN_MS = 5,
    GATHER_MS = 2, // see send_held
    // The doors have work of their own to do now and then (reconnecting), so the wait is bounded, and each is
    // looked at so often, whether it called or not.
    LONGEST_WAIT_MS = 50,
    ALL_DOORS_MS = 10,
};

struct engine {
    struct engine_options options;
    struct hy_bus *bus;
    uint32_t topics[ENGINE_TOPICS]; // their numbers on the bus
    struct hy_store *store;
    struct hy_store *listener;
    struct hy_clock_follow *clock; // NULL: the real time
    struct hy_key channel;
    bool subscribed;
    struct commands commands;
    struct deadlines again; // reads that are repeated
    struct follow follows[ENGINE_FOLLOWS];

    struct held *held; // in their order
    struct held **held_end;
    int64_t sent_at_ms; // when some were last handed to Kafka's client

    int64_t all_at_ms; // when all doors were last looked at
    bool closing;
    _Atomic(const char *) lacks;
    _Atomic int64_t turned_at_ms;
};

static int64_t monotonic_ms(void) {
    return (int64_t)(hy_clock_monotonic_ns() / 1000000);
}

// ---- Reading. Redis may hang without closing the connection, so each request of ours also ends by time.

struct question {
    struct deadline deadline; // first, so that a deadline is its question
    struct engine *engine;
    hy_store_done done; // NULL: the asker has been told already
    void *context;
};

static const struct hy_store_answer nobody_there = {.status = HY_STORE_AWAY};

static void question_expired(struct deadline *deadline) {
    struct question *question = (struct question *)deadline;
    hy_store_done done = question->done;
    question->done = NULL;
    done(question->context, &nobody_there);
}

static void question_answered(void *context, const struct hy_store_answer *answer) {
    struct question *question = context;
    if (question->done != NULL) {
        deadlines_remove(&question->engine->commands.deadlines, &question->deadline);
        question->done(question->context, answer);
    }
    hy_free(question);
}

static struct question *question_new(struct engine *engine, hy_store_done done, void *context) {
    struct question *question = hy_calloc(1, sizeof *question);
    *question = (struct question){.engine = engine, .done = done, .context = context};
    question->deadline.expired = question_expired;
    deadlines_add(&engine->commands.deadlines, &question->deadline, engine->commands.now_ms + ENGINE_READ_MS);
    return question;
}

struct again {
    struct deadline deadline; // first, so that a deadline is its repetition
    struct engine_read *read;
};

static void ask(struct engine_read *read);

static void again_expired(struct deadline *deadline) {
    struct again *again = (struct again *)deadline;
    ask(again->read);
    hy_free(again);
}

static void read_answered(void *context, const struct hy_store_answer *answer) {
    struct engine_read *read = context;
    struct engine *engine = read->engine;
    bool missing = answer->status == HY_STORE_OK && answer->count > 0 && answer->values[0].data == NULL;
    if (!missing || engine->commands.now_ms >= read->until_ms) {
        read->done(read->context, answer);
        return;
    }
    struct again *again = hy_calloc(1, sizeof *again);
    again->read = read;
    again->deadline.expired = again_expired;
    deadlines_add(&engine->again, &again->deadline, engine->commands.now_ms + AGAIN_MS);
}

static void ask(struct engine_read *read) {
    struct engine *engine = read->engine;
    if (!hy_store_connected(engine->store) || engine->closing) {
        read->done(read->context, &nobody_there);
        return;
    }
    hy_store_get(engine->store, read->keys, read->count, question_answered,
                 question_new(engine, read_answered, read));
}

void engine_read(struct engine *engine, struct engine_read *read) {
    read->engine = engine;
    read->until_ms = engine->commands.now_ms + read->patience_ms;
    ask(read);
}

void engine_bind(struct engine *engine, struct engine_bind *bind) {
    if (!hy_store_connected(engine->store)) {
        bind->done(bind->context, &nobody_there);
        return;
    }
    hy_store_put_new(engine->store, bind->key, bind->value, bind->expire_ms, question_answered,
                     question_new(engine, bind->done, bind->context));
}

// ---- Appending, and what comes of it.

// A message that goes to Kafka's client in a moment. A copy: whoever asked may have its outcome before that,
// by an earlier attempt.
struct held {
    struct held *next;
    struct command *command;
    uint32_t topic;
    struct hy_bytes key, value; // in `bytes`
    uint8_t bytes[];
};

static void hold(struct engine *engine, const struct engine_append *append, struct command *command) {
    struct hy_bytes key = append->request.key, value = append->request.value;
    struct held *held = hy_malloc(sizeof *held + key.length + value.length);
    memcpy(held->bytes, key.data, key.length);
    memcpy(held->bytes + key.length, value.data, value.length);
    held->next = NULL;
    held->command = command;
    held->topic = engine->topics[append->topic];
    held->key = hy_bytes(held->bytes, key.length);
    held->value = hy_bytes(held->bytes + key.length, value.length);
    *engine->held_end = held;
    engine->held_end = &held->next;
}

void engine_append(struct engine *engine, struct engine_append *append) {
    const struct command_request *request = &append->request;
    if (atomic_load(&engine->lacks) != NULL) {
        request->done(request->context, COMMAND_AWAY, NULL);
        return;
    }
    struct command *command = commands_join(&engine->commands, request);
    if (command != NULL) hold(engine, append, command);
}

// Kafka's client, the broker and all behind them are woken once for what comes together, and waking is most
// of what a single purchase costs them: so what comes within GATHER_MS goes together. Who comes after a pause
// waits for nobody.
static void send_held(struct engine *engine) {
    if (engine->held != NULL) engine->sent_at_ms = monotonic_ms();
    while (engine->held != NULL) {
        struct held *held = engine->held;
        engine->held = held->next;
        if (engine->held == NULL) engine->held_end = &engine->held;
        if (!hy_bus_append(engine->bus, held->topic, held->command->partition, held->key, held->value,
                           (uint64_t)(uintptr_t)held->command))
            commands_delivered(held->command, true);
        hy_free(held);
    }
}

static void delivered(void *context, const struct hy_delivery *delivery) {
    (void)context;
    commands_delivered((struct command *)(uintptr_t)delivery->token, delivery->failed);
}

static void take_answer(struct engine *engine, struct hy_bytes bytes) {
    Huiyuan__V1__Answer *answer = huiyuan__v1__answer__unpack(NULL, bytes.length, bytes.data);
    if (answer == NULL) {
        hy_log(HY_LOG_ERROR, "answer_unreadable", "%zu bytes", bytes.length);
        return;
    }
    commands_answered(&engine->commands, answer);
    huiyuan__v1__answer__free_unpacked(answer, NULL);
}

struct look_up {
    struct engine *engine;
    char command_id[HY_COMMAND_ID_BYTES];
};

static void looked_up(void *context, const struct hy_store_answer *answer) {
    struct look_up *look_up = context;
    if (answer->status == HY_STORE_OK && answer->count > 0 && answer->values[0].data != NULL)
        take_answer(look_up->engine, answer->values[0]);
    else
        commands_unanswered(&look_up->engine->commands, look_up->command_id);
    hy_free(look_up);
}

static void look_up_answer(void *context, const struct command *command) {
    struct engine *engine = context;
    if (command->log == NULL) return; // nobody answers to it
    struct look_up *look_up = hy_calloc(1, sizeof *look_up);
    look_up->engine = engine;
    memcpy(look_up->command_id, command->id, sizeof look_up->command_id);
    struct hy_key_space space = {engine->options.redis_prefix, command->log, command->partition};
    struct hy_key key = hy_key_answer(&space, command->id);
    hy_store_get(engine->store, &(struct hy_bytes){(const uint8_t *)key.text, key.length}, 1, looked_up,
                 look_up);
}

// While the subscription was down answers may have been missed.
static void heard(void *context, const struct hy_store_answer *message) {
    struct engine *engine = context;
    bool was_subscribed = engine->subscribed;
    engine->subscribed = message->status == HY_STORE_OK;
    if (message->count > 0) {
        take_answer(engine, message->values[0]);
    } else if (engine->subscribed != was_subscribed) {
        hy_log(HY_LOG_INFO, engine->subscribed ? "subscribed" : "subscription_lost", "%s",
               engine->channel.text);
        if (engine->subscribed) commands_look_up_all(&engine->commands);
    }
}

// ---- Turning.

static void message(void *context, const struct hy_message *message) {
    struct engine *engine = context;
    for (size_t i = 0; i < ENGINE_FOLLOWS; i++)
        follow_take(&engine->follows[i], message);
    hy_bus_release(engine->bus, message);
}

static void out_of_range(void *context, uint32_t topic, uint32_t partition, int64_t offset) {
    struct engine *engine = context;
    hy_log(HY_LOG_WARN, "out_of_range", "topic %u, partition %u has no offset %lld", topic, partition,
           (long long)offset);
    for (size_t i = 0; i < ENGINE_FOLLOWS; i++)
        follow_again(&engine->follows[i], topic);
}

static const char *find_lack(const struct engine *engine) {
    if (!hy_bus_connected(engine->bus)) return "kafka";
    if (!hy_store_connected(engine->store)) return "redis";
    if (!engine->subscribed) return "replies";
    for (size_t i = 0; i < ENGINE_FOLLOWS; i++) {
        if (!engine->follows[i].whole) return engine->follows[i].options.topic;
    }
    return NULL;
}

static void note_lack(struct engine *engine) {
    const char *lack = find_lack(engine);
    const char *before = atomic_exchange(&engine->lacks, lack);
    if (lack == before) return;
    if (lack == NULL)
        hy_log(HY_LOG_INFO, "ready", "Kafka and Redis are reachable");
    else
        hy_log(HY_LOG_WARN, "not_ready", "not reachable: %s", lack);
}

enum { BUS, STORE, LISTENER };

// A delivery report wakes nobody who waits for an outcome: that comes through Redis, a moment later. So
// reports are collected on the way, unless somebody waits for one. While Kafka's topics are still to be read,
// they too are waited for.
static bool awaits_bus(const struct engine *engine) {
    return engine->commands.awaiting_durability > 0 || atomic_load(&engine->lacks) != NULL;
}

int engine_doors(const struct engine *engine, struct pollfd doors[ENGINE_DOORS]) {
    doors[BUS] =
        (struct pollfd){.fd = awaits_bus(engine) ? hy_bus_wait_fd(engine->bus) : -1, .events = POLLIN};
    doors[STORE] = doors[LISTENER] = (struct pollfd){0};
    doors[STORE].fd = hy_store_wait_fd(engine->store, &doors[STORE].events);
    doors[LISTENER].fd = hy_store_wait_fd(engine->listener, &doors[LISTENER].events);
    int64_t now_ms = monotonic_ms();
    int64_t wait_ms = deadlines_wait_ms(&engine->commands.deadlines, now_ms, LONGEST_WAIT_MS);
    int64_t gather_ms = engine->sent_at_ms + GATHER_MS - now_ms;
    if (engine->held != NULL && gather_ms < wait_ms) wait_ms = gather_ms > 0 ? gather_ms : 0;
    return (int)deadlines_wait_ms(&engine->again, now_ms, wait_ms);
}

static void turn_bus(struct engine *engine) {
    hy_bus_wait_fd_clear(engine->bus);
    hy_bus_poll(engine->bus, 1000, 0);
    for (size_t i = 0; i < ENGINE_FOLLOWS; i++)
        follow_step(&engine->follows[i]);
}

static void turn_deadlines(struct engine *engine) {
    int64_t now_ms = engine->commands.now_ms;
    if (deadlines_wait_ms(&engine->commands.deadlines, now_ms, 1) == 0) {
        send_held(engine);
        turn_bus(engine); // whose time is up is told whether Kafka has it
        deadlines_run(&engine->commands.deadlines, now_ms);
    }
    deadlines_run(&engine->again, now_ms);
}

void engine_turn(struct engine *engine, const struct pollfd doors[ENGINE_DOORS]) {
    int64_t now_ms = engine->commands.now_ms = monotonic_ms();
    atomic_store(&engine->turned_at_ms, now_ms);
    hy_clock_follow_step(engine->clock);
    bool all = now_ms - engine->all_at_ms >= ALL_DOORS_MS;
    if (all) engine->all_at_ms = now_ms;
    if (all || doors[BUS].revents != 0) turn_bus(engine);
    if (all || doors[LISTENER].revents != 0) hy_store_poll(engine->listener, 0);
    if (all || doors[STORE].revents != 0) hy_store_poll(engine->store, 0);
    note_lack(engine);
    turn_deadlines(engine);
}

void engine_flush(struct engine *engine) {
    if (engine->held != NULL && monotonic_ms() - engine->sent_at_ms >= GATHER_MS) send_held(engine);
    short events;
    if (hy_store_wait_fd(engine->store, &events) >= 0 && (events & POLLOUT) != 0)
        hy_store_poll(engine->store, 0);
}

static void open_topics(struct engine *engine) {
    static const char *const NAMES[ENGINE_TOPICS] = {"purchases", "commands", "member-keys"};
    for (size_t i = 0; i < ENGINE_TOPICS; i++) {
        engine->topics[i] = hy_bus_topic(engine->bus, NAMES[i]);
        hy_bus_topic_unordered(engine->bus, engine->topics[i]); // each message stands for itself
    }
}

static bool open_doors(struct engine *engine) {
    const struct engine_options *options = &engine->options;
    engine->store = hy_store_open(options->redis_url);
    engine->listener = hy_store_open(options->redis_url);
    if (options->development_clock)
        engine->clock = hy_clock_follow_start(options->redis_url, options->redis_prefix, options->instance);
    engine->bus = hy_bus_open(
        &(struct hy_bus_options){
            .brokers = options->brokers,
            .topic_prefix = options->topic_prefix,
            .instance = options->instance,
            .partitions = options->partitions,
            .queue_kbytes = 1024, // only what is followed is fetched
        },
        &(struct hy_bus_events){
            .context = engine, .message = message, .delivered = delivered, .out_of_range = out_of_range});
    if (engine->store == NULL || engine->listener == NULL || engine->bus == NULL) return false;
    open_topics(engine);
    for (size_t i = 0; i < ENGINE_FOLLOWS; i++)
        follow_open(&engine->follows[i], engine->bus, &options->follows[i]);
    engine->channel = hy_key_replies(options->redis_prefix, options->instance);
    hy_store_subscribe(engine->listener, hy_key_bytes(&engine->channel), heard, engine);
    return true;
}

// Deliveries still come while the bus closes; lookups still end while the store closes.
static void close_doors(struct engine *engine) {
    if (engine->bus != NULL) hy_bus_close(engine->bus, 1000);
    if (engine->listener != NULL) hy_store_close(engine->listener);
    deadlines_run(&engine->again, INT64_MAX);
    if (engine->store != NULL) hy_store_close(engine->store);
    hy_clock_follow_stop(engine->clock);
    commands_free(&engine->commands);
    hy_free(engine);
}

struct engine *engine_open(const struct engine_options *options) {
    struct engine *engine = hy_calloc(1, sizeof *engine);
    engine->held_end = &engine->held;
    engine->options = *options;
    atomic_store(&engine->lacks, "kafka");
    engine->commands.now_ms = monotonic_ms();
    atomic_store(&engine->turned_at_ms, monotonic_ms());
    commands_init(&engine->commands, look_up_answer, engine);
    if (open_doors(engine)) return engine;
    close_doors(engine);
    return NULL;
}

void engine_close(struct engine *engine) {
    engine->closing = true;
    send_held(engine);
    close_doors(engine);
}

const char *engine_lacks(const struct engine *engine) {
    return atomic_load(&engine->lacks);
}

int64_t engine_still_ms(const struct engine *engine) {
    return monotonic_ms() - atomic_load(&engine->turned_at_ms);
}
