// Redis as the commands need it: a request, and its answer waited for.
#pragma once

#include "cli/cli.h"
#include "common/io/store.h"

// NULL, with a line on stderr, when the URL is not understood or nobody answers there.
struct hy_store *redis_open(const struct cli *cli);
// Each calls `done` once, and returns when it has; false, with a line on stderr, when Redis does not answer.
bool redis_get(const struct cli *cli, struct hy_store *store, const struct hy_bytes *keys, size_t count,
               hy_store_done done, void *context);
bool redis_delete(const struct cli *cli, struct hy_store *store, const struct hy_bytes *keys, size_t count);

// Calls `found` for every key that matches; some may come twice.
typedef void (*redis_found)(void *context, struct hy_bytes key);
bool redis_scan(const struct cli *cli, struct hy_store *store, const char *pattern, redis_found found,
                void *context);

// Whether any key matches.
bool redis_any(const struct cli *cli, struct hy_store *store, const char *pattern, bool *ret_any);

// For requests that are sent without waiting: waits until at most `most` of them are without an answer. Those
// that get none are called back as away.
void redis_wait(struct hy_store *store, size_t most);
void redis_say_away(const struct cli *cli);
