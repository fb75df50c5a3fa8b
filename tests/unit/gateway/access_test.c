// API keys: which secret is whose, and who may call what.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/contract/access_key.h"
#include "services/gateway/access.h"
#include "tests/unit/gateway/fake_engine.h"
#include "tests/unit/gateway/fixture.h"

static char secrets[HUIYUAN__V1__ROLE__ROLE_OPERATIONS + 1][HY_SECRET_BYTES];

// The message of the topic; role 0: a tombstone.
static void publish(const char *secret, Huiyuan__V1__Role role) {
    char hash[HY_SECRET_HASH_BYTES];
    uint8_t bytes[128];
    hy_secret_hash(secret, hash);
    Huiyuan__V1__AccessKey key = HUIYUAN__V1__ACCESS_KEY__INIT;
    key.role = role;
    size_t size = role == 0 ? 0 : huiyuan__v1__access_key__pack(&key, bytes);
    access_take(gateway.access, hy_bytes_of(hash), hy_bytes(bytes, size));
}

static void begin(void) {
    fixture_begin();
    gateway.access = access_new();
    for (int role = 1; role <= (int)HUIYUAN__V1__ROLE__ROLE_OPERATIONS; role++) {
        uint8_t random[HY_SECRET_RANDOM_BYTES] = {(uint8_t)role};
        hy_secret_make((Huiyuan__V1__Role)role, random, secrets[role]);
        publish(secrets[role], (Huiyuan__V1__Role)role);
    }
}

TestSuite(access, .init = begin, .fini = fixture_end, .timeout = 20);

static int get_with(const char *path, const char *secret) {
    char header[256];
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", secret);
    return request("GET", path, header);
}

Test(access, without_a_key_only_health_and_the_document_are_answered) {
    for (size_t i = 0; i < route_count; i++) {
        bool is_open = strncmp(routes[i]->path, "/v1/", 4) != 0;
        cr_assert_eq(routes[i]->roles == 0, is_open, "%s %s", routes[i]->method, routes[i]->path);
        int status = request(routes[i]->method, routes[i]->path, "");
        cr_assert_eq(status, is_open ? 200 : 401, "%s %s: %d", routes[i]->method, routes[i]->path, status);
        if (!is_open) cr_assert(has("WWW-Authenticate: Bearer realm=\"huiyuan\"\r\n"));
    }
}

Test(access, operations_may_call_everything_and_nobody_else_erases_but_the_desk) {
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i]->roles == 0) continue;
        cr_assert(routes[i]->roles & OPERATIONS, "%s", routes[i]->operation);
        if (strcmp(routes[i]->method, "DELETE") == 0) cr_assert_eq(routes[i]->roles, DESK | OPERATIONS);
    }
}

Test(access, each_role_is_let_in_where_the_table_says_so) {
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i]->roles == 0 || strcmp(routes[i]->method, "GET") != 0) continue;
        for (int role = 1; role <= (int)HUIYUAN__V1__ROLE__ROLE_OPERATIONS; role++) {
            bool let_in = get_with(routes[i]->path, secrets[role]) != 403;
            cr_assert_eq(let_in, (routes[i]->roles & ROLE_BIT(role)) != 0, "%s, role %d", routes[i]->path,
                         role);
        }
    }
}

Test(access, a_refused_role_is_told_which_ones_would_do) {
    cr_assert_eq(get_with("/v1/members/M1/entries", secrets[HUIYUAN__V1__ROLE__ROLE_MARKETING]), 403);
    cr_assert(has("\"code\":\"forbidden\""));
    cr_assert(has("store, desk, operations"));
}

Test(access, a_revoked_key_and_a_wrong_one_are_alike) {
    const char *secret = secrets[HUIYUAN__V1__ROLE__ROLE_STORE];
    cr_assert_eq(get_with("/v1/members/M1", secret), 404);
    publish(secret, HUIYUAN__V1__ROLE__ROLE_UNSPECIFIED);
    cr_assert_eq(get_with("/v1/members/M1", secret), 401);
    cr_assert(has("error=\"invalid_token\""));
    cr_assert_eq(get_with("/v1/members/M1", "hy_store_0000"), 401);
    publish(secret, HUIYUAN__V1__ROLE__ROLE_STORE);
    cr_assert_eq(get_with("/v1/members/M1", secret), 404);
}

Test(access, a_role_of_a_newer_version_opens_nothing) {
    publish("hy_auditor_x", (Huiyuan__V1__Role)9);
    cr_assert_eq(get_with("/v1/members/M1", "hy_auditor_x"), 401);
    const char *secret = secrets[HUIYUAN__V1__ROLE__ROLE_DESK];
    publish(secret, (Huiyuan__V1__Role)9); // it is no desk any more
    cr_assert_eq(get_with("/v1/members/M1", secret), 401);
}

Test(access, the_scheme_is_bearer_in_any_case) {
    char header[256];
    snprintf(header, sizeof header, "authorization: bearer  %s\r\n", secrets[HUIYUAN__V1__ROLE__ROLE_DESK]);
    cr_assert_eq(request("GET", "/v1/members/M1", header), 404);
    snprintf(header, sizeof header, "Authorization: Basic %s\r\n", secrets[HUIYUAN__V1__ROLE__ROLE_DESK]);
    cr_assert_eq(request("GET", "/v1/members/M1", header), 401);
}

Test(access, a_secret_has_its_role_in_front_and_shows_little_of_itself) {
    uint8_t random[HY_SECRET_RANDOM_BYTES];
    char secret[HY_SECRET_BYTES], beginning[HY_SECRET_BYTES], hash[HY_SECRET_HASH_BYTES];
    memset(random, 0xff, sizeof random);
    hy_secret_make(HUIYUAN__V1__ROLE__ROLE_OPERATIONS, random, secret);
    cr_assert_str_eq(secret, "hy_operations_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    hy_secret_beginning(secret, beginning);
    cr_assert_str_eq(beginning, "hy_operations_zzzzzz");
    hy_secret_hash("hy_store_0", hash);
    cr_assert_eq(strlen(hash), HY_SECRET_HASH_BYTES - 1);
}
