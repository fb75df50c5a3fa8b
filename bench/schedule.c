#include "bench/schedule.h"

#include "common/base/memory.h"
#include "services/accrual/accrual.h"

static void follow(struct schedule *schedule, uint64_t place, uint32_t member,
                   const struct account *account) {
    schedule->samples[schedule->count++] = (struct sample){
        .place = place, .member = member, .purchases = account->purchases, .balance = account->points};
}

// One in `sample_every` is followed. One that earns nothing cannot be seen in a balance: it is left out.
static void walk(struct schedule *schedule, struct account *accounts, const struct hy_program *program) {
    const struct bench_options *options = schedule->options;
    struct hy_arena arena;
    struct basket basket;
    hy_arena_init(&arena);
    for (uint64_t place = 0; place < options->shopping.count; place++) {
        hy_arena_reset(&arena);
        if (shopping_is_duplicate(&options->shopping, options->shopping.first + place)) continue;
        shopping_make(&options->shopping, options->shopping.first + place, &basket);
        int64_t points = earn_points(program, 0, &basket.purchase, &arena)->points;
        account_add(&accounts[basket.member], hy_bytes_of(basket.purchase_id), points);
        if (place >= options->warm_up && place % options->sample_every == 0 && points > 0)
            follow(schedule, place, basket.member, &accounts[basket.member]);
    }
    hy_arena_free(&arena);
}

struct schedule schedule_make(const struct bench_options *options) {
    struct schedule schedule = {.options = options};
    struct hy_program *program = bench_program(options->program_file);
    struct shopping before = options->shopping;
    before.count = 0;
    struct account *accounts = shopping_accounts(&before, program);
    schedule.samples =
        hy_calloc(options->shopping.count / options->sample_every + 1, sizeof *schedule.samples);
    walk(&schedule, accounts, program);
    hy_free(accounts);
    hy_program_free(program);
    return schedule;
}

void schedule_free(struct schedule *schedule) {
    hy_free(schedule->samples);
}

uint64_t schedule_due_ns(const struct schedule *schedule, uint64_t place) {
    return schedule->began_ns + (uint64_t)((double)place * 1e9 / schedule->options->rate);
}
