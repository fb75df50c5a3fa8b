#include "services/gateway/prefer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/contract/limits.h"

#define BLANKS " \t"

// The next element of a comma-separated list, without blanks around it; false at the end.
static bool next_element(const char **rest, struct hy_bytes *ret_element) {
    const char *start = *rest + strspn(*rest, BLANKS ",");
    size_t length = strcspn(start, ",");
    *rest = start + length;
    while (length > 0 && strchr(BLANKS, start[length - 1]) != NULL)
        length--;
    *ret_element = hy_bytes(start, length);
    return length > 0;
}

static bool begins_with(struct hy_bytes text, const char *word) {
    size_t length = strlen(word);
    return text.length >= length && strncasecmp((const char *)text.data, word, length) == 0;
}

static int64_t wait_limit_ms(long seconds) {
    if (seconds > PREFER_WAIT_LIMIT_MS / 1000) return PREFER_WAIT_LIMIT_MS;
    return seconds * INT64_C(1000);
}

struct prefer prefer_parse(const char *header) {
    struct prefer prefer = {.wait_ms = -1};
    struct hy_bytes element;
    while (header != NULL && next_element(&header, &element)) {
        if (element.length == strlen("respond-async") && begins_with(element, "respond-async"))
            prefer.respond_async = true;
        if (!begins_with(element, "wait=")) continue;
        const char *number = (const char *)element.data + strlen("wait=");
        char *end;
        long seconds = strtol(number, &end, 10);
        bool whole = end > number && (const uint8_t *)end == element.data + element.length;
        if (whole && seconds >= 0 && prefer.wait_ms < 0) prefer.wait_ms = wait_limit_ms(seconds);
    }
    return prefer;
}

const char *prefer_applied(const struct prefer *prefer, struct hy_arena *arena) {
    if (prefer->wait_ms < 0) return prefer->respond_async ? "respond-async" : NULL;
    return hy_arena_printf(arena, "%swait=%" PRId64, prefer->respond_async ? "respond-async, " : "",
                           prefer->wait_ms / 1000);
}

bool idempotency_key_parse(const char *header, struct hy_arena *arena, const char **ret_key) {
    size_t length = strlen(header);
    if (length >= 2 && header[0] == '"' && header[length - 1] == '"') {
        header++;
        length -= 2;
    }
    if (length == 0 || length > HY_ID_LIMIT_BYTES || !hy_text_has_form(HY_FORM_ID, header, length))
        return false;
    *ret_key = hy_arena_string(arena, header, length);
    return true;
}

static bool is_media(const char *content_type, const char *media) {
    size_t length = strlen(media);
    if (content_type == NULL || strncasecmp(content_type, media, length) != 0) return false;
    const char *after = content_type + length;
    after += strspn(after, BLANKS);
    return *after == '\0' || *after == ';';
}

bool is_json(const char *content_type) {
    return is_media(content_type, "application/json");
}

bool is_merge_patch(const char *content_type) {
    return is_json(content_type) || is_media(content_type, "application/merge-patch+json");
}

// "….v3"
bool etag_has_version(const char *header, uint32_t version) {
    struct hy_bytes element;
    char ending[16];
    size_t length = (size_t)snprintf(ending, sizeof ending, ".v%" PRIu32 "\"", version);
    while (header != NULL && next_element(&header, &element)) {
        if (hy_bytes_equal(element, hy_bytes_of("*"))) return true;
        if (element.length > length && memcmp(element.data + element.length - length, ending, length) == 0)
            return true;
    }
    return false;
}

bool etag_is_in(const char *header, const char *etag) {
    struct hy_bytes element;
    while (header != NULL && next_element(&header, &element)) {
        if (begins_with(element, "W/")) element = hy_bytes(element.data + 2, element.length - 2);
        if (hy_bytes_equal(element, hy_bytes_of("*")) || hy_bytes_equal(element, hy_bytes_of(etag)))
            return true;
    }
    return false;
}
