#include "services/gateway/prefer.h"

#include <inttypes.h>
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

bool is_json(const char *content_type) {
    static const char JSON[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, JSON, sizeof JSON - 1) != 0) return false;
    const char *after = content_type + sizeof JSON - 1;
    after += strspn(after, BLANKS);
    return *after == '\0' || *after == ';';
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
