#include "cli/import_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/base/memory.h"

enum { HEAD_BYTES = 65536, STATE_BYTES = 4096 };

static void hash_head(int fd, char ret_head[2 * HY_CHAIN_HASH_BYTES + 1]) {
    uint8_t *data = hy_malloc(HEAD_BYTES);
    ssize_t got = pread(fd, data, HEAD_BYTES, 0);
    uint8_t hash[HY_CHAIN_HASH_BYTES];
    hy_chain_hash(hy_bytes(data, got > 0 ? (size_t)got : 0), hash);
    hy_free(data);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(ret_head + 2 * i, 3, "%02x", hash[i]);
}

bool import_state_of(const char *path, struct import_state *ret_state) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        say_error("%s: %s / 无法读取文件", path, strerror(errno));
        if (fd >= 0) close(fd);
        return false;
    }
    *ret_state = (struct import_state){.offset = -1};
    ret_state->file_bytes = (uint64_t)status.st_size;
    ret_state->file_modified_ns = status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
    hash_head(fd, ret_state->head);
    close(fd);
    return true;
}

bool import_state_same_file(const struct import_state *a, const struct import_state *b) {
    return a->file_bytes == b->file_bytes && a->file_modified_ns == b->file_modified_ns &&
           strcmp(a->head, b->head) == 0;
}

static bool take_text(json_t *object, const char *name, char *ret_text, size_t size) {
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL || strlen(text) >= size) return false;
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

static bool take(json_t *object, struct import_state *state) {
    json_int_t bytes, modified, partition, offset, at, line, rows, purchases, rejected, rejects;
    int finished;
    if (json_unpack(object, "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "file_bytes", &bytes,
                    "file_modified_ns", &modified, "partition", &partition, "acknowledged", &offset, "offset",
                    &at, "line", &line, "rows", &rows, "purchases", &purchases, "rejected", &rejected,
                    "rejects_bytes", &rejects, "finished", &finished) != 0)
        return false;
    state->file_bytes = (uint64_t)bytes;
    state->file_modified_ns = modified;
    state->partition = (uint32_t)partition;
    state->offset = offset;
    state->finished = finished != 0;
    state->place = (struct import_place){(uint64_t)at,        (uint64_t)line,     (uint64_t)rows,
                                         (uint64_t)purchases, (uint64_t)rejected, (uint64_t)rejects};
    return state->place.offset <= state->file_bytes &&
           take_text(object, "head", state->head, sizeof state->head) &&
           take_text(object, "cluster", state->cluster, sizeof state->cluster) &&
           take_text(object, "topic", state->topic, sizeof state->topic);
}

bool import_state_load(const char *state_path, struct import_state *ret_state) {
    json_t *object = json_load_file(state_path, 0, NULL);
    struct import_state state = {0};
    bool good = object != NULL && take(object, &state);
    json_decref(object);
    if (good) *ret_state = state;
    return good;
}

static json_t *to_json(const struct import_state *state) {
    const struct import_place *place = &state->place;
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "file_bytes",
                     (json_int_t)state->file_bytes, "file_modified_ns", (json_int_t)state->file_modified_ns,
                     "head", state->head, "cluster", state->cluster, "topic", state->topic, "partition",
                     (json_int_t)state->partition, "acknowledged", (json_int_t)state->offset, "offset",
                     (json_int_t)place->offset, "line", (json_int_t)place->line, "rows",
                     (json_int_t)place->rows, "purchases", (json_int_t)place->purchases, "rejected",
                     (json_int_t)place->rejected, "rejects_bytes", (json_int_t)place->rejects_bytes,
                     "finished", (int)state->finished);
}

static bool write_all(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    size_t length = strlen(text);
    bool good = write(fd, text, length) == (ssize_t)length && fdatasync(fd) == 0;
    return close(fd) == 0 && good;
}

bool import_state_save(const char *state_path, const struct import_state *state) {
    json_t *object = to_json(state);
    char *text = json_dumps(object, JSON_INDENT(1) | JSON_SORT_KEYS);
    size_t size = strlen(state_path) + sizeof ".new";
    char *new_path = hy_malloc(size);
    snprintf(new_path, size, "%s.new", state_path);
    bool good = write_all(new_path, text) && rename(new_path, state_path) == 0;
    hy_free(new_path);
    free(text);
    json_decref(object);
    return good;
}
