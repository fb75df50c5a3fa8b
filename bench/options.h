// The command line that the load makers share, and what it opens.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/shopping.h"
#include "common/program/program.h"

enum bench_show { SHOW_ACCRUAL, SHOW_PEER, SHOW_LEDGER }; // where a purchase becomes visible

struct bench_options {
    struct shopping shopping;
    const char *baskets_file; // real baskets instead of made-up ones; NULL: none
    uint32_t copies;          // of each real basket, for as many other members
    enum bench_show show;
    const char *brokers, *topic_prefix;   // from the environment, as the services take them
    const char *redis_url, *redis_prefix; // likewise
    const char *url;                      // of the gateway
    const char *program_file;
    double rate; // a second; 0: as fast as it goes
    uint32_t connections;
    uint32_t sample_every;
    uint32_t linger_ms; // of the publisher
    uint64_t warm_up;   // so many at the start are sent, but not measured
};

// Ends the process with a line when the command line is wrong.
struct bench_options bench_options_parse(int argc, char **argv);
struct hy_program *bench_program(const char *file);
