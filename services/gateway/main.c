// hy-gateway: the HTTP interface. It keeps no state: any number of them may stand beside each other.
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/contract/limits.h"
#include "common/io/config.h"
#include "common/io/crypto.h"
#include "common/io/heap.h"
#include "common/io/log.h"
#include "common/io/seal.h"
#include "proto/topics.h"
#include "services/gateway/gateway.h"
#include "services/gateway/json_heap.h"
#include "services/gateway/measures.h"
#include "services/gateway/openapi.h"
#include "services/gateway/prefer.h"
#include "services/gateway/tier_names.h"
#include "services/gateway/worker.h"

enum { IDLE_SECONDS = 60, INSTANCE_BYTES = 64, WORKERS_LIMIT = 64 };

static struct {
    const char *brokers, *topic_prefix, *redis_url, *redis_prefix, *listen, *instance, *log_level;
    int64_t partitions, threads, connections, answer_timeout_ms, pending_limit;
    bool development_clock;
    const char *access, *kek_file, *kek;
} settings;

static const struct hy_config_item ITEMS[] = {
    {"HY_KAFKA_BROKERS", HY_CONFIG_TEXT, "127.0.0.1:9092", 0, 0, "", "Kafka, host:port, several with commas",
     false, &settings.brokers},
    {"HY_TOPIC_PREFIX", HY_CONFIG_TEXT, "hy.", 0, 0, "", "in front of every topic", false,
     &settings.topic_prefix},
    {"HY_PARTITIONS", HY_CONFIG_NUMBER, "16", 1, 9999, "", "of every topic keyed by member", false,
     &settings.partitions},
    {"HY_REDIS_URL", HY_CONFIG_TEXT, "redis://127.0.0.1:6379/0", 0, 0, "", "Redis", true,
     &settings.redis_url},
    {"HY_REDIS_PREFIX", HY_CONFIG_TEXT, "hy:", 0, 0, "", "in front of every key", false,
     &settings.redis_prefix},
    {"HY_HTTP_LISTEN", HY_CONFIG_TEXT, "127.0.0.1:8080", 0, 0, "", "address and port; there is no TLS yet",
     false, &settings.listen},
    {"HY_HTTP_THREADS", HY_CONFIG_NUMBER, "2", 1, WORKERS_LIMIT, "",
     "each serves its share of the connections", false, &settings.threads},
    {"HY_HTTP_CONNECTIONS", HY_CONFIG_NUMBER, "4096", 1, 65536, "", "open at one time", false,
     &settings.connections},
    {"HY_INSTANCE", HY_CONFIG_TEXT, "", 0, 0, "",
     "unique among all gateways; empty: host name and process id", false, &settings.instance},
    {"HY_ANSWER_TIMEOUT_MS", HY_CONFIG_NUMBER, "5000", 1, PREFER_WAIT_LIMIT_MS, "ms",
     "wait for an outcome before answering 202", false, &settings.answer_timeout_ms},
    {"HY_PENDING_LIMIT", HY_CONFIG_NUMBER, "4096", 1, 1000000, "requests",
     "that may wait at one time; more get 429", false, &settings.pending_limit},
    {"HY_LOG_LEVEL", HY_CONFIG_TEXT, "info", 0, 0, "", "debug, info, warn, error", false,
     &settings.log_level},
    {"HY_ACCESS", HY_CONFIG_TEXT, "keys", 0, 0, "",
     "keys: callers need an API key; open: none, for development and tests alone", false, &settings.access},
    HY_KEK_SETTINGS(&settings.kek_file, &settings.kek),
    {"HY_DEVELOPMENT_CLOCK", HY_CONFIG_BOOL, "false", 0, 0, "",
     "follow `huiyuanctl clock`; never where real members are", false, &settings.development_clock},
};

enum { ITEM_COUNT = sizeof ITEMS / sizeof ITEMS[0] };

// True when there is nothing to run.
static bool only_asked(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--version") == 0) {
        puts("hy-gateway " HY_VERSION);
        return true;
    }
    if (count > 1) {
        puts("hy-gateway: the HTTP interface of Huiyuan. It takes no arguments. Settings, from the "
             "environment:\n");
        hy_config_print(ITEMS, ITEM_COUNT, stdout);
    }
    return count > 1;
}

static void name_instance(char ret_name[INSTANCE_BYTES]) {
    char host[HOST_NAME_MAX + 1] = "gateway";
    gethostname(host, sizeof host - 1);
    if (settings.instance[0] == '\0')
        snprintf(ret_name, INSTANCE_BYTES, "%.40s-%ld", host, (long)getpid());
    else
        snprintf(ret_name, INSTANCE_BYTES, "%s", settings.instance);
}

// *ret_access NULL: open to everybody.
static bool open_access(struct access **ret_access) {
    bool is_open = strcmp(settings.access, "open") == 0;
    if (!is_open && strcmp(settings.access, "keys") != 0) {
        fprintf(stderr, "HY_ACCESS=%s: keys or open is wanted\n", settings.access);
        return false;
    }
    if (is_open)
        hy_log(
            HY_LOG_WARN, "access_open",
            "HY_ACCESS=open: NO API KEY IS ASKED FOR, everybody who reaches this address may do everything");
    *ret_access = is_open ? NULL : access_new();
    return true;
}

// *ret_kek NULL: there is none, and what needs it answers 503.
static bool open_kek(struct hy_kek **ret_kek) {
    *ret_kek = NULL;
    if (settings.kek_file[0] == '\0' && settings.kek[0] == '\0') {
        hy_log(HY_LOG_WARN, "no_kek",
               "neither HY_KEK_FILE nor HY_KEK is set: members cannot enrol, and their personal data stays "
               "sealed");
        return true;
    }
    *ret_kek = hy_kek_load(settings.kek_file, settings.kek);
    return *ret_kek != NULL;
}

// What has to be the same for all workers, or shared between them.
struct shared {
    const char *instance;
    struct access *access;
    struct hy_kek *kek;
    struct hy_metrics *metrics;
    struct hy_buffer openapi;
};

struct crew {
    size_t count;
    struct worker workers[WORKERS_LIMIT];
    struct gateway *gateways[WORKERS_LIMIT];
    char instances[WORKERS_LIMIT][INSTANCE_BYTES + 4];
};

static size_t share_of(int64_t limit, size_t workers) {
    return ((size_t)limit + workers - 1) / workers;
}

// Answers come to a worker by its name, so each has another.
static void name_worker(struct crew *crew, size_t number, const char *instance) {
    char *name = crew->instances[number];
    if (number == 0)
        snprintf(name, sizeof crew->instances[number], "%s", instance);
    else
        snprintf(name, sizeof crew->instances[number], "%s.%zu", instance, number % WORKERS_LIMIT);
}

static void prepare_gateway(struct crew *crew, size_t number, const struct shared *shared) {
    struct gateway *gateway = &crew->workers[number].gateway;
    *gateway = (struct gateway){
        .access = shared->access,
        .metrics = shared->metrics,
        .openapi = shared->openapi,
        .kek = shared->kek,
        .redis_prefix = settings.redis_prefix,
        .instance = crew->instances[number],
        .partitions = (uint32_t)settings.partitions,
        .answer_timeout_ms = settings.answer_timeout_ms,
        .pending_limit = (int64_t)share_of(settings.pending_limit, crew->count),
        .all = crew->gateways,
        .count = crew->count,
    };
    hy_programs_init(&gateway->programs);
    crew->gateways[number] = gateway;
}

static bool open_worker(struct crew *crew, size_t number) {
    struct worker *worker = &crew->workers[number];
    struct gateway *gateway = &worker->gateway;
    return worker_open(
        worker,
        &(struct worker_options){
            .engine = {.brokers = settings.brokers,
                       .topic_prefix = settings.topic_prefix,
                       .redis_url = settings.redis_url,
                       .redis_prefix = settings.redis_prefix,
                       .instance = gateway->instance,
                       .partitions = gateway->partitions,
                       .follows = {{gateway->access == NULL ? NULL : "access", access_take, gateway->access},
                                   {"program", tier_names_take, &gateway->programs}},
                       .development_clock = settings.development_clock && number == 0},
            .http = {.listen = settings.listen,
                     .connection_limit = (unsigned)share_of(settings.connections, crew->count),
                     .timeout_seconds = IDLE_SECONDS,
                     .body_limit = HY_MESSAGE_LIMIT_BYTES},
            .beside = number == 0 ? NULL : crew->workers[0].server,
        });
}

static void serve_until_told(const struct crew *crew, const sigset_t *signals) {
    hy_log(HY_LOG_INFO, "started", "listening on %s, port %u", settings.listen,
           hy_http_port(crew->workers[0].server));
    sd_notify(0, "READY=1");
    int signal = 0;
    sigwait(signals, &signal);
    hy_log(HY_LOG_INFO, "stopping", "signal %d", signal);
    sd_notify(0, "STOPPING=1");
}

static bool run_workers(const struct shared *shared, const sigset_t *signals) {
    static struct crew crew;
    crew.count = (size_t)settings.threads;
    for (size_t i = 0; i < crew.count; i++) {
        name_worker(&crew, i, shared->instance);
        prepare_gateway(&crew, i, shared);
    }
    size_t opened = 0;
    while (opened < crew.count && open_worker(&crew, opened))
        opened++;
    bool all = opened == crew.count;
    for (size_t i = 0; all && i < opened; i++)
        worker_start(&crew.workers[i]); // not before all are there: they look at each other
    if (all) serve_until_told(&crew, signals);
    for (size_t i = 0; i < opened; i++)
        atomic_store(&crew.workers[i].gateway.draining, true);
    for (size_t i = 0; i < opened; i++)
        worker_stop(&crew.workers[i]);
    for (size_t i = 0; i < crew.count; i++)
        hy_programs_free(&crew.workers[i].gateway.programs);
    return all;
}

static bool run(const sigset_t *signals) {
    char instance[INSTANCE_BYTES];
    name_instance(instance);
    hy_log_init("gateway", instance, settings.log_level);
    struct shared shared = {.instance = instance};
    if (!open_access(&shared.access) || !open_kek(&shared.kek)) return false;
    shared.metrics = measures_new();
    hy_buffer_init(&shared.openapi, OPENAPI_LIMIT_BYTES);
    openapi_make(&shared.openapi);
    json_heap_init(); // nothing of the document comes from it, or goes back to it
    bool good = run_workers(&shared, signals);
    hy_metrics_free(shared.metrics);
    hy_buffer_free(&shared.openapi);
    access_free(shared.access);
    hy_kek_free(shared.kek);
    return good;
}

int main(int count, char **arguments) {
    hy_heap_init();
    if (only_asked(count, arguments)) return EXIT_SUCCESS;
    if (!hy_config_load(ITEMS, ITEM_COUNT)) return EXIT_FAILURE;
    hy_crypto_init();
    sigset_t signals; // blocked before the first thread starts, so that only sigwait sees them
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return run(&signals) ? EXIT_SUCCESS : EXIT_FAILURE;
}
