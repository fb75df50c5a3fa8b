#include "tests/unit/gateway/fake_engine.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_LIMIT = 64, KEY_BYTES = 256, VALUE_BYTES = 4096 };

static struct {
    char key[KEY_BYTES];
    size_t key_length;
    uint8_t value[VALUE_BYTES];
    size_t value_length;
} stored[KEYS_LIMIT];
static size_t stored_count;

struct fake_engine fake_engine;

void fake_engine_reset(void) {
    stored_count = 0;
    fake_engine = (struct fake_engine){.store = HY_STORE_OK};
}

static struct hy_bytes find(struct hy_bytes key) {
    for (size_t i = 0; i < stored_count; i++) {
        if (hy_bytes_equal(hy_bytes(stored[i].key, stored[i].key_length), key))
            return hy_bytes(stored[i].value, stored[i].value_length);
    }
    return hy_bytes(NULL, 0);
}

void fake_engine_put(struct hy_bytes key, struct hy_bytes value) {
    if (stored_count == KEYS_LIMIT || key.length > KEY_BYTES || value.length > VALUE_BYTES) abort();
    memcpy(stored[stored_count].key, key.data, key.length);
    stored[stored_count].key_length = key.length;
    if (value.length > 0) memcpy(stored[stored_count].value, value.data, value.length);
    stored[stored_count++].value_length = value.length;
}

const char *engine_lacks(const struct engine *engine) {
    (void)engine;
    return fake_engine.lacks;
}

int64_t engine_still_ms(const struct engine *engine) {
    (void)engine;
    return fake_engine.still_ms;
}

void engine_read(struct engine *engine, struct engine_read *read) {
    (void)engine;
    struct hy_bytes values[32];
    if (read->count > 32) abort();
    for (size_t i = 0; i < read->count; i++)
        values[i] = find(read->keys[i]);
    read->done(read->context, &(struct hy_store_answer){fake_engine.store, values, read->count});
}

void engine_bind(struct engine *engine, struct engine_bind *bind) {
    (void)engine;
    if (find(bind->key).data == NULL) fake_engine_put(bind->key, bind->value);
    struct hy_bytes value = find(bind->key);
    bind->done(bind->context, &(struct hy_store_answer){fake_engine.store, &value, 1});
}

void engine_append(struct engine *engine, struct engine_append *append) {
    (void)engine;
    struct command_request request = append->request;
    if (append->topic == ENGINE_MEMBER_KEYS) {
        fake_engine.keys++;
        fake_engine.key_came_first = fake_engine.key_came_first || fake_engine.appends == 0;
        request.done(request.context, fake_engine.outcome == COMMAND_AWAY ? COMMAND_AWAY : COMMAND_PENDING,
                     NULL);
        return;
    }
    if (request.value.length > sizeof fake_engine.sent) abort();
    memcpy(fake_engine.sent, request.value.data, request.value.length);
    fake_engine.sent_length = request.value.length;
    fake_engine.appends++;
    fake_engine.request = append->request;
    if (!fake_engine.hold) request.done(request.context, fake_engine.outcome, fake_engine.answer);
}
