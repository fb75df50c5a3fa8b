// bench_check: computes what every member must have after a run, reads every member from Redis, and compares.
// Ends with an error when a single one differs. Of a peer (--show peer) the balances are compared.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/member_reading.h"
#include "bench/run.h"
#include "common/base/memory.h"
#include "common/io/log.h"
#include "common/io/store.h"

enum { KEYS_A_CALL = 500, CALLS_OPEN = 8, WRONG_SHOWN = 5 };

struct checking {
    const struct bench_options *options;
    const struct run *run;
    const struct account *accounts;
    struct hy_store *store;
    struct hy_arena arena;
    uint32_t next; // member to ask for
    uint32_t members;
    uint64_t purchases, bytes, wrong;
    int64_t points;
    bool away;
};

struct call {
    struct checking *checking;
    size_t count;
    uint32_t members[KEYS_A_CALL];
};

static void compare(struct checking *checking, uint32_t member, struct hy_bytes saved) {
    const struct account *account = &checking->accounts[member];
    struct member_reading found;
    bool peer = checking->options->show == SHOW_PEER;
    bool readable =
        peer ? peer_reading_parse(saved, &found) : member_reading_parse(saved, &checking->arena, &found);
    checking->points += found.balance;
    checking->purchases += found.purchases;
    checking->bytes += saved.length;
    checking->members++;
    if (readable && found.balance == account->points && (peer || found.purchases == account->purchases))
        return;
    if (checking->wrong++ < WRONG_SHOWN)
        fprintf(stderr,
                "member %" PRIu32 ": %" PRId64 " points of %" PRIu64 " purchases, expected %" PRId64
                " of %" PRIu32 "\n",
                member, found.balance, found.purchases, account->points, account->purchases);
}

static void answered(void *context, const struct hy_store_answer *answer) {
    struct call *call = context;
    struct checking *checking = call->checking;
    hy_arena_reset(&checking->arena);
    if (answer->status != HY_STORE_OK || answer->count != call->count)
        checking->away = true;
    else
        for (size_t i = 0; i < call->count; i++)
            compare(checking, call->members[i], answer->values[i]);
    hy_free(call);
}

// Also members to whom nothing happened: Redis must not know them.
static void ask(struct checking *checking) {
    const struct bench_options *options = checking->options;
    struct call *call = hy_malloc(sizeof *call);
    struct hy_key keys[KEYS_A_CALL];
    struct hy_bytes bytes[KEYS_A_CALL];
    *call = (struct call){.checking = checking};
    struct hy_key (*key_of)(const char *, uint32_t, const char *) =
        options->show == SHOW_PEER ? peer_reading_key : member_reading_key;
    while (call->count < KEYS_A_CALL && checking->next <= checking->run->members) {
        size_t i = call->count++;
        char id[RUN_ID_BYTES];
        call->members[i] = checking->next++;
        run_member_id(checking->run, call->members[i], id);
        keys[i] = key_of(options->redis_prefix, options->shopping.partitions, id);
        bytes[i] = hy_key_bytes(&keys[i]);
    }
    hy_store_get(checking->store, bytes, call->count, answered, call);
}

static void check_all(struct checking *checking) {
    while (!hy_store_connected(checking->store))
        hy_store_poll(checking->store, 100);
    while (!checking->away &&
           (checking->next <= checking->run->members || hy_store_pending(checking->store) > 0)) {
        if (checking->next <= checking->run->members && hy_store_pending(checking->store) < CALLS_OPEN)
            ask(checking);
        else
            hy_store_poll(checking->store, 1000);
    }
}

static bool report(const struct checking *checking) {
    int64_t points = 0;
    uint64_t purchases = 0;
    uint32_t active = 0;
    for (uint32_t m = 1; m <= checking->run->members; m++) {
        points += checking->accounts[m].points;
        purchases += checking->accounts[m].purchases;
        active += checking->accounts[m].purchases > 0;
    }
    bool good = !checking->away && checking->wrong == 0 && points == checking->points;
    printf("{\"ok\":%s,\"members\":%" PRIu32 ",\"wrong_members\":%" PRIu64 ",\"purchases\":%" PRIu64
           ",\"expected_purchases\":%" PRIu64 ",\"points\":%" PRId64 ",\"expected_points\":%" PRId64
           ",\"redis_value_bytes\":%" PRIu64 "}\n",
           good ? "true" : "false", active, checking->wrong, checking->purchases, purchases, checking->points,
           points, checking->bytes);
    return good;
}

int main(int argc, char **argv) {
    struct bench_options options = bench_options_parse(argc, argv);
    hy_log_init("bench_check", "bench", "warn");
    struct run run = run_open(&options);
    struct checking checking = {.options = &options, .run = &run, .next = 1};
    struct hy_program *program = bench_program(options.program_file);
    struct account *accounts = run_accounts(&run, program, options.shopping.first + options.shopping.count);
    hy_program_free(program);
    checking.accounts = accounts;
    checking.store = hy_store_open(options.redis_url);
    if (checking.store == NULL) return EXIT_FAILURE;
    hy_arena_init(&checking.arena);
    check_all(&checking);
    bool good = report(&checking);
    hy_store_close(checking.store);
    hy_arena_free(&checking.arena);
    hy_free(accounts);
    run_close(&run);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
