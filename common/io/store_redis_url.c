// redis://[[user]:password@]host[:port][/database] and unix:///path[?db=database]. User and password are
// percent-encoded.
#include "common/io/store_redis_url.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

enum { DEFAULT_PORT = 6379 };

static char *copy(const char *start, const char *end) {
    size_t length = (size_t)(end - start);
    char *text = hy_malloc(length + 1);
    memcpy(text, start, length);
    text[length] = '\0';
    return text;
}

static int hex(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

static char *decode(const char *start, const char *end) {
    char *text = copy(start, end);
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
            *to++ = (char)(hex(from[1]) * 16 + hex(from[2]));
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

// A whole decimal number up to `limit`, and nothing behind it.
static bool number(const char *text, int limit, int *ret_number) {
    if (*text < '0' || *text > '9') return false;
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*end != '\0' || value > limit) return false;
    *ret_number = (int)value;
    return true;
}

static bool parse_local(const char *rest, struct redis_address *address) {
    const char *query = strchr(rest, '?');
    const char *end = query != NULL ? query : rest + strlen(rest);
    if (rest[0] != '/' || end == rest + 1) return false;
    if (query != NULL &&
        (strncmp(query, "?db=", 4) != 0 || !number(query + 4, 1 << 16, &address->database))) {
        return false;
    }
    address->local = true;
    address->host = copy(rest, end);
    return true;
}

// "host", "host:port", "[::1]:port"
static bool parse_host(const char *start, const char *end, struct redis_address *address) {
    const char *colon = memrchr(start, ':', (size_t)(end - start));
    const char *bracket = memrchr(start, ']', (size_t)(end - start));
    if (colon != NULL && bracket != NULL && colon < bracket) colon = NULL;
    const char *host_end = colon != NULL ? colon : end;
    if ((bracket != NULL) != (start[0] == '[') || (bracket != NULL && bracket + 1 != host_end)) return false;
    if (bracket != NULL) {
        start++;
        host_end--;
    }
    if (host_end <= start) return false;
    if (colon != NULL) {
        char *port = copy(colon + 1, end);
        bool good = number(port, 65535, &address->port);
        hy_free(port);
        if (!good) return false;
    }
    address->host = copy(start, host_end);
    return true;
}

static bool parse_remote(const char *rest, struct redis_address *address) {
    const char *path = strchr(rest, '/');
    const char *end = path != NULL ? path : rest + strlen(rest);
    if (path != NULL && path[1] != '\0' && !number(path + 1, 1 << 16, &address->database)) return false;
    const char *at = memrchr(rest, '@', (size_t)(end - rest));
    if (at != NULL) {
        const char *colon = memchr(rest, ':', (size_t)(at - rest));
        if (colon == NULL) return false;
        if (colon > rest) address->user = decode(rest, colon);
        address->password = decode(colon + 1, at);
        rest = at + 1;
    }
    return parse_host(rest, end, address);
}

bool redis_address_parse(const char *url, struct redis_address *ret_address) {
    struct redis_address address = {.port = DEFAULT_PORT};
    bool good = false;
    if (strncmp(url, "redis://", 8) == 0) {
        good = parse_remote(url + 8, &address);
    } else if (strncmp(url, "unix://", 7) == 0) {
        good = parse_local(url + 7, &address);
    }
    if (good) {
        *ret_address = address;
    } else {
        redis_address_free(&address);
    }
    return good;
}

void redis_address_free(struct redis_address *address) {
    hy_free(address->host);
    hy_free(address->user);
    hy_free(address->password);
}
