#include "common/stage/service.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "common/io/bus.h"
#include "common/io/clock.h"
#include "common/io/clock_follow.h"
#include "common/io/crypto.h"
#include "common/io/heap.h"
#include "common/io/http.h"
#include "common/io/log.h"
#include "common/io/metrics.h"
#include "common/io/store.h"
#include "common/stage/stage.h"

enum {
    IDLE_WAIT_MS = 50,
    DRAIN_MS = 10000,
    STUCK_MS = 30000, // a main loop that has not turned for so long is dead
};

// All settings that the stage's services share.
static struct settings {
    const char *brokers, *topic_prefix, *redis_url, *redis_prefix, *instance, *admin_listen, *log_level;
    int64_t partitions, session_ms, cache_members, batch_inputs, block_bytes, queue_kbytes;
    bool static_membership, development_clock;
} settings;

static const struct hy_config_item shared_items[] = {
    {"HY_KAFKA_BROKERS", HY_CONFIG_TEXT, "127.0.0.1:9092", 0, 0, "", "Kafka's bootstrap servers", false,
     &settings.brokers},
    {"HY_TOPIC_PREFIX", HY_CONFIG_TEXT, "hy.", 0, 0, "", "before every topic's name", false,
     &settings.topic_prefix},
    {"HY_REDIS_URL", HY_CONFIG_TEXT, "redis://127.0.0.1:6379/0", 0, 0, "", "Redis server and database", true,
     &settings.redis_url},
    {"HY_REDIS_PREFIX", HY_CONFIG_TEXT, "hy:", 0, 0, "", "before every key", false, &settings.redis_prefix},
    {"HY_INSTANCE", HY_CONFIG_TEXT, "", 0, 0, "", "this instance's name; default: host and process id", false,
     &settings.instance},
    {"HY_STATIC_MEMBERSHIP", HY_CONFIG_BOOL, "false", 0, 0, "",
     "keep the partitions over a restart; needs HY_INSTANCE", false, &settings.static_membership},
    {"HY_PARTITIONS", HY_CONFIG_NUMBER, "16", 1, 1024, "", "of every topic keyed by member", false,
     &settings.partitions},
    {"HY_SESSION_MS", HY_CONFIG_NUMBER, "6000", 6000, 300000, "ms",
     "after which a silent instance loses its partitions", false, &settings.session_ms},
    {"HY_CACHE_MEMBERS", HY_CONFIG_NUMBER, "2000000", 1000, 1000000000, "members", "kept in memory", false,
     &settings.cache_members},
    {"HY_BATCH_INPUTS", HY_CONFIG_NUMBER, "2000", 1, 1000000, "inputs", "of one block at most", false,
     &settings.batch_inputs},
    {"HY_BLOCK_BYTES", HY_CONFIG_NUMBER, "458752", 1024, 524288, "bytes", "at which a block closes", false,
     &settings.block_bytes},
    {"HY_QUEUE_KBYTES", HY_CONFIG_NUMBER, "8192", 1024, 4194304, "KiB", "fetched ahead from Kafka", false,
     &settings.queue_kbytes},
    {"HY_ADMIN_LISTEN", HY_CONFIG_TEXT, "127.0.0.1:0", 0, 0, "", "address of /livez, /readyz, /metrics",
     false, &settings.admin_listen},
    {"HY_LOG_LEVEL", HY_CONFIG_TEXT, "info", 0, 0, "", "debug, info, warn or error", false,
     &settings.log_level},
    {"HY_DEVELOPMENT_CLOCK", HY_CONFIG_BOOL, "false", 0, 0, "",
     "follow `huiyuanctl clock`; never where real members are", false, &settings.development_clock},
};

enum { SHARED_COUNT = sizeof shared_items / sizeof shared_items[0] };

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int number) {
    (void)number;
    stop_asked = 1;
}

// What the health endpoints, on their own threads, know of the main loop.
static struct health {
    struct hy_metrics *metrics;
    _Atomic(const char *) not_ready; // NULL: ready
    _Atomic int64_t turned_at_ms;    // by steady_ms
} health;

// For durations: no shift moves it, and nobody sets it.
static int64_t steady_ms(void) {
    return (int64_t)(hy_clock_monotonic_ns() / 1000000);
}

static void answer_text(struct hy_http_exchange *exchange, unsigned status, const char *text) {
    hy_http_answer(exchange, status, "text/plain; charset=utf-8", hy_bytes_of(text), NULL, 0);
}

static void admin(void *context, struct hy_http_exchange *exchange) {
    (void)context;
    const char *path = hy_http_path(exchange);
    if (strcmp(path, "/livez") == 0) {
        bool alive = steady_ms() - atomic_load(&health.turned_at_ms) < STUCK_MS;
        answer_text(exchange, alive ? 200 : 503, alive ? "ok\n" : "the main loop does not turn\n");
    } else if (strcmp(path, "/readyz") == 0) {
        const char *reason = atomic_load(&health.not_ready);
        answer_text(exchange, reason == NULL ? 200 : 503, reason == NULL ? "ok" : reason);
    } else if (strcmp(path, "/metrics") == 0) {
        struct hy_buffer out;
        hy_buffer_init(&out, (size_t)1024 * 1024);
        hy_metrics_print(health.metrics, &out);
        hy_http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", hy_buffer_bytes(&out), NULL,
                       0);
        hy_buffer_free(&out);
    } else {
        answer_text(exchange, 404, "not found: /livez, /readyz, /metrics\n");
    }
}

static void note_health(const struct hy_stage *stage, bool *announced) {
    const char *reason = NULL;
    hy_stage_ready(stage, &reason);
    atomic_store(&health.not_ready, reason);
    atomic_store(&health.turned_at_ms, steady_ms());
    if (reason == NULL && !*announced) {
        sd_notify(0, "READY=1");
        hy_log(HY_LOG_INFO, "ready", "all partitions are running");
        *announced = true;
    }
}

static void wait_for_work(struct hy_bus *bus, struct hy_store *store) {
    struct pollfd fds[2] = {{.fd = hy_bus_wait_fd(bus), .events = POLLIN}};
    fds[1].fd = hy_store_wait_fd(store, &fds[1].events);
    poll(fds, 2, IDLE_WAIT_MS);
    hy_bus_wait_fd_clear(bus);
}

static void turn(const struct hy_service *service, struct hy_stage *stage, struct hy_bus *bus,
                 struct hy_store *store) {
    size_t events = hy_bus_poll(bus, hy_stage_room(stage), 0);
    events += hy_store_poll(store, 0);
    bool busy = hy_stage_step(stage, hy_clock_now_ms(), 1 + (int64_t)(hy_clock_monotonic_ns() / 1000000));
    if (service->step != NULL) busy |= service->step(hy_clock_now_ms());
    events += hy_store_poll(store, 0);
    if (!busy && events == 0) wait_for_work(bus, store);
}

static void loop(const struct hy_service *service, struct hy_stage *stage, struct hy_bus *bus,
                 struct hy_store *store, struct hy_clock_follow *clock) {
    bool announced = false;
    while (!stop_asked) {
        hy_clock_follow_step(clock);
        turn(service, stage, bus, store);
        note_health(stage, &announced);
    }
    sd_notify(0, "STOPPING=1");
    hy_log(HY_LOG_INFO, "draining", "finishing what is in flight");
    hy_stage_drain(stage);
    int64_t until_ms = steady_ms() + DRAIN_MS;
    while (!hy_stage_idle(stage) && steady_ms() < until_ms)
        turn(service, stage, bus, store);
}

static int run(const struct hy_service *service) {
    const struct hy_brain *brain = service->brain();
    struct hy_stage_options options = hy_stage_defaults();
    options.redis_prefix = settings.redis_prefix;
    options.instance = settings.instance;
    options.partitions = (uint32_t)settings.partitions;
    options.cache_members = (size_t)settings.cache_members;
    options.batch_inputs = (size_t)settings.batch_inputs;
    options.block_bytes = (size_t)settings.block_bytes;
    options.claim_seed = hy_random64();
    health.metrics = hy_metrics_new(hy_stage_metrics, hy_stage_metric_count);
    atomic_store(&health.turned_at_ms, steady_ms());
    atomic_store(&health.not_ready, "starting");
    struct hy_stage *stage = hy_stage_new(&options, brain, health.metrics);
    char group[128]; // two systems on one Kafka differ by their prefix, and must not share a group
    snprintf(group, sizeof group, "%s%s", settings.topic_prefix, service->name);
    struct hy_bus_options bus_options = {
        .brokers = settings.brokers,
        .topic_prefix = settings.topic_prefix,
        .group = group,
        .instance = settings.instance,
        .static_membership = settings.static_membership,
        .partitions = options.partitions,
        .session_ms = settings.session_ms,
        .queue_kbytes = settings.queue_kbytes,
    };
    struct hy_bus_events events = hy_stage_events(stage);
    struct hy_bus *bus = hy_bus_open(&bus_options, &events);
    struct hy_store *store = hy_store_open(settings.redis_url);
    struct hy_clock_follow *clock =
        settings.development_clock
            ? hy_clock_follow_start(settings.redis_url, settings.redis_prefix, settings.instance)
            : NULL;
    struct hy_http_options http = {settings.admin_listen, 1, 64, 0, 10, 1024};
    struct hy_http_server *server = hy_http_start(&http, admin, NULL);
    int status = EXIT_FAILURE;
    struct hy_service_world world = {settings.brokers,      settings.topic_prefix, settings.redis_url,
                                     settings.redis_prefix, settings.instance,     options.partitions};
    bool beside = service->start == NULL || service->start(&world);
    if (beside && bus != NULL && store != NULL && server != NULL) {
        hy_log(HY_LOG_INFO, "started", "health and metrics on port %u", hy_http_port(server));
        hy_stage_attach(stage, bus, store);
        loop(service, stage, bus, store, clock);
        status = hy_stage_idle(stage) ? EXIT_SUCCESS : EXIT_FAILURE;
        hy_stage_end(stage);
    }
    if (beside && service->stop != NULL) service->stop();
    if (server != NULL) hy_http_stop(server, 1000);
    if (bus != NULL) hy_bus_close(bus, 5000);
    if (store != NULL) hy_store_close(store);
    hy_clock_follow_stop(clock);
    hy_stage_free(stage); // only now: closing may still call back
    hy_log(HY_LOG_INFO, "stopped", "exit status %d", status);
    hy_metrics_free(health.metrics);
    return status;
}

static void default_instance(const char *service) {
    static char name[64];
    char host[40] = "host";
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s-%.30s-%d", service, host, (int)getpid());
    if (settings.instance[0] == '\0') settings.instance = name;
}

static void help(const struct hy_service *service, const struct hy_config_item *items, size_t count) {
    printf("hy-%s: %s\n\nConfigured by environment variables alone:\n\n", service->name, service->help);
    hy_config_print(items, count, stdout);
}

int hy_service_run(const struct hy_service *service, int argc, char **argv) {
    hy_heap_init();
    size_t count = SHARED_COUNT + service->setting_count;
    struct hy_config_item *items = hy_malloc(count * sizeof *items);
    memcpy(items, shared_items, sizeof shared_items);
    if (service->setting_count > 0)
        memcpy(items + SHARED_COUNT, service->settings, service->setting_count * sizeof *items);
    int status = 2;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        help(service, items, count);
        status = EXIT_SUCCESS;
    } else if (argc > 1) {
        fprintf(stderr, "hy-%s takes no arguments; see --help\n", service->name);
    } else if (hy_config_load(items, count)) {
        hy_crypto_init();
        default_instance(service->name);
        hy_log_init(service->name, settings.instance, settings.log_level);
        struct sigaction action = {.sa_handler = ask_to_stop};
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        signal(SIGPIPE, SIG_IGN);
        status = run(service);
    }
    hy_free(items);
    return status;
}
