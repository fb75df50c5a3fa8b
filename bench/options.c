#include "bench/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/zone.h"

static const char USAGE[] =
    "options: --seed N --members N --member-base N --in-turn N --zipf EXPONENT --duplicates PER_MILLE\n"
    "         --first N --count N --partitions N --baskets FILE --copies N --show accrual|peer|ledger\n"
    "         --rate PER_SECOND --connections N --sample-every N --warm-up N --linger MS --url URL --program "
    "FILE\n"
    "environment: HY_KAFKA_BROKERS HY_TOPIC_PREFIX HY_REDIS_URL HY_REDIS_PREFIX\n";

enum flag {
    SEED = 1,
    MEMBERS,
    ZIPF,
    DUPLICATES,
    FIRST,
    COUNT,
    PARTITIONS,
    RATE,
    CONNECTIONS,
    SAMPLE_EVERY,
    WARM_UP,
    LINGER,
    URL,
    PROGRAM,
    MEMBER_BASE,
    IN_TURN,
    BASKETS,
    COPIES,
    SHOW,
};

static const struct option options_table[] = {
    {"seed", required_argument, NULL, SEED},
    {"members", required_argument, NULL, MEMBERS},
    {"zipf", required_argument, NULL, ZIPF},
    {"duplicates", required_argument, NULL, DUPLICATES},
    {"first", required_argument, NULL, FIRST},
    {"count", required_argument, NULL, COUNT},
    {"partitions", required_argument, NULL, PARTITIONS},
    {"rate", required_argument, NULL, RATE},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"sample-every", required_argument, NULL, SAMPLE_EVERY},
    {"warm-up", required_argument, NULL, WARM_UP},
    {"linger", required_argument, NULL, LINGER},
    {"url", required_argument, NULL, URL},
    {"program", required_argument, NULL, PROGRAM},
    {"member-base", required_argument, NULL, MEMBER_BASE},
    {"in-turn", required_argument, NULL, IN_TURN},
    {"baskets", required_argument, NULL, BASKETS},
    {"copies", required_argument, NULL, COPIES},
    {"show", required_argument, NULL, SHOW},
    {NULL, 0, NULL, 0},
};

static const char *environment(const char *name, const char *fallback) {
    const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): before there are threads
    return value != NULL ? value : fallback;
}

_Noreturn static void refuse(const char *what) {
    fprintf(stderr, "%s\n%s", what, USAGE);
    exit(2);
}

static double number(const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || value < 0) refuse(text);
    return value;
}

static enum bench_show show_of(const char *text) {
    static const char *const names[] = {"accrual", "peer", "ledger"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) return (enum bench_show)i;
    refuse("--show accrual, peer or ledger");
}

static void take(struct bench_options *options, int option, const char *text) {
    struct shopping *shopping = &options->shopping;
    switch (option) {
    case SEED: shopping->seed = (uint64_t)number(text); break;
    case MEMBERS: shopping->members = (uint32_t)number(text); break;
    case ZIPF: shopping->zipf = number(text); break;
    case DUPLICATES: shopping->duplicates_per_mille = (uint32_t)number(text); break;
    case FIRST: shopping->first = (uint64_t)number(text); break;
    case COUNT: shopping->count = (uint64_t)number(text); break;
    case PARTITIONS: shopping->partitions = (uint32_t)number(text); break;
    case RATE: options->rate = number(text); break;
    case CONNECTIONS: options->connections = (uint32_t)number(text); break;
    case SAMPLE_EVERY: options->sample_every = (uint32_t)number(text); break;
    case WARM_UP: options->warm_up = (uint64_t)number(text); break;
    case LINGER: options->linger_ms = (uint32_t)number(text); break;
    case URL: options->url = text; break;
    case PROGRAM: options->program_file = text; break;
    case MEMBER_BASE: shopping->member_base = (uint32_t)number(text); break;
    case IN_TURN: shopping->in_turn = (uint64_t)number(text); break;
    case BASKETS: options->baskets_file = text; break;
    case COPIES: options->copies = (uint32_t)number(text); break;
    case SHOW: options->show = show_of(text); break;
    default: refuse("unknown option");
    }
}

struct bench_options bench_options_parse(int argc, char **argv) {
    struct bench_options options = {
        .shopping = {.seed = 1, .members = 100000, .duplicates_per_mille = 10, .partitions = 16},
        .brokers = environment("HY_KAFKA_BROKERS", "127.0.0.1:9092"),
        .topic_prefix = environment("HY_TOPIC_PREFIX", "hy."),
        .redis_url = environment("HY_REDIS_URL", "redis://127.0.0.1:6379/0"),
        .redis_prefix = environment("HY_REDIS_PREFIX", "hy:"),
        .url = "127.0.0.1:8080",
        .program_file = "deploy/dev/program.yaml",
        .copies = 1,
        .connections = 64,
        .sample_every = 25,
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options_table, NULL)) != -1) // NOLINT(concurrency-mt-unsafe)
        take(&options, option, optarg);
    if (options.shopping.members == 0 || options.shopping.partitions == 0 || options.sample_every == 0 ||
        options.connections == 0 || options.copies == 0 || options.shopping.count == 0)
        refuse("members, partitions, count, copies, connections and sample-every must not be 0");
    shopping_prepare(&options.shopping);
    return options;
}

struct hy_program *bench_program(const char *file) {
    static uint8_t text[HY_PROGRAM_LIMIT_BYTES];
    FILE *in = fopen(file, "rb");
    size_t length = in == NULL ? 0 : fread(text, 1, sizeof text, in);
    if (in != NULL) fclose(in);
    struct hy_program_faults faults = {0};
    struct hy_program *program = hy_program_parse(hy_bytes(text, length), hy_zone_load, &faults);
    if (program == NULL) {
        fprintf(stderr, "%s cannot be used: %s\n", file, faults.count > 0 ? faults.items[0].english : "?");
        exit(2);
    }
    return program;
}
