#include "common/io/seal.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/crypto.h"
#include "common/io/log.h"

#define DIGITS  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ANOTHER "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct hy_arena arena;
static struct hy_kek *kek, *other;
static struct hy_member_key key;

static void begin(void) {
    hy_crypto_init();
    hy_log_init("test", "", "error");
    hy_arena_init(&arena);
    kek = hy_kek_load("", DIGITS);
    other = hy_kek_load("", ANOTHER);
    cr_assert(kek != NULL && other != NULL);
    hy_member_key_draw(&key);
}

static void end(void) {
    hy_kek_free(kek);
    hy_kek_free(other);
    hy_arena_free(&arena);
}

TestSuite(seal, .init = begin, .fini = end);

static struct hy_bytes with_flip(struct hy_bytes bytes, size_t i) {
    struct hy_bytes copy = hy_arena_bytes(&arena, bytes);
    ((uint8_t *)(uintptr_t)copy.data)[i] ^= 1;
    return copy;
}

Test(seal, what_is_sealed_opens_again) {
    struct hy_bytes clear = hy_bytes_of("phone +8613800000001");
    struct hy_sealed sealed = hy_seal(&key, "m1", clear, &arena);
    struct hy_bytes opened = {NULL, 0};
    cr_assert(hy_unseal(&key, "m1", sealed, &arena, &opened));
    cr_assert(hy_bytes_equal(opened, clear));
    cr_assert(memmem(sealed.ciphertext.data, sealed.ciphertext.length, "1380000", 7) == NULL);
    struct hy_sealed empty = hy_seal(&key, "m1", hy_bytes("", 0), &arena);
    cr_assert(hy_unseal(&key, "m1", empty, &arena, &opened));
    cr_assert_eq(opened.length, 0);
}

Test(seal, the_same_is_never_sealed_the_same) {
    struct hy_bytes clear = hy_bytes_of("x");
    struct hy_sealed a = hy_seal(&key, "m1", clear, &arena), b = hy_seal(&key, "m1", clear, &arena);
    cr_assert(!hy_bytes_equal(a.nonce, b.nonce));
    cr_assert(!hy_bytes_equal(a.ciphertext, b.ciphertext));
}

Test(seal, another_member_another_key_or_a_flipped_byte_is_refused) {
    struct hy_bytes clear = hy_bytes_of("name"), opened = hy_bytes_of("untouched");
    struct hy_sealed sealed = hy_seal(&key, "m1", clear, &arena);
    struct hy_member_key wrong;
    hy_member_key_draw(&wrong);
    cr_assert(!hy_unseal(&key, "m2", sealed, &arena, &opened));
    cr_assert(!hy_unseal(&wrong, "m1", sealed, &arena, &opened));
    for (size_t i = 0; i < sealed.ciphertext.length; i++) {
        struct hy_sealed bad = {sealed.nonce, with_flip(sealed.ciphertext, i)};
        cr_assert(!hy_unseal(&key, "m1", bad, &arena, &opened), "byte %zu", i);
    }
    for (size_t i = 0; i < sealed.nonce.length; i++) {
        struct hy_sealed bad = {with_flip(sealed.nonce, i), sealed.ciphertext};
        cr_assert(!hy_unseal(&key, "m1", bad, &arena, &opened), "byte %zu", i);
    }
    struct hy_sealed cut = sealed;
    cut.ciphertext.length = 15;
    cr_assert(!hy_unseal(&key, "m1", cut, &arena, &opened));
    cut = sealed;
    cut.nonce.length = 23;
    cr_assert(!hy_unseal(&key, "m1", cut, &arena, &opened));
    cr_assert(hy_bytes_equal(opened, hy_bytes_of("untouched")));
}

Test(seal, a_wrapped_key_opens_with_the_same_kek_and_member_alone) {
    struct hy_sealed wrapped = hy_member_key_wrap(kek, "m1", &key, &arena);
    struct hy_member_key found = {{0}}, untouched = {{0}};
    cr_assert(memmem(wrapped.ciphertext.data, wrapped.ciphertext.length, key.bytes, 8) == NULL);
    cr_assert(!hy_member_key_unwrap(other, "m1", wrapped, &found));
    cr_assert(!hy_member_key_unwrap(kek, "m2", wrapped, &found));
    for (size_t i = 0; i < wrapped.ciphertext.length; i++) {
        struct hy_sealed bad = {wrapped.nonce, with_flip(wrapped.ciphertext, i)};
        cr_assert(!hy_member_key_unwrap(kek, "m1", bad, &found), "byte %zu", i);
    }
    cr_assert_eq(memcmp(&found, &untouched, sizeof found), 0);
    cr_assert(hy_member_key_unwrap(kek, "m1", wrapped, &found));
    cr_assert_eq(memcmp(&found, &key, sizeof key), 0);
    hy_member_key_wipe(&found);
    cr_assert_eq(memcmp(&found, &untouched, sizeof found), 0);
}

Test(seal, keys_differ) {
    struct hy_member_key second;
    hy_member_key_draw(&second);
    cr_assert_neq(memcmp(&second, &key, sizeof key), 0);
}

// The value is part of the contract: identities in the log are found by it for ever. This one was computed
// with Python's hashlib: BLAKE2b-256 with key, salt and personalisation as crypto_kdf has them, then
// BLAKE2b-128.
Test(seal, the_index_of_a_phone_is_stable_and_depends_on_the_kek) {
    char index[HY_PHONE_INDEX_BYTES], again[HY_PHONE_INDEX_BYTES];
    cr_assert(hy_phone_index(kek, "+8613800000001", index));
    cr_assert_str_eq(index, "17a5647d02c8ce367864490a6355328a");
    struct hy_kek *same = hy_kek_load("", DIGITS);
    cr_assert(hy_phone_index(same, "+8613800000001", again));
    cr_assert_str_eq(index, again);
    hy_kek_free(same);
    cr_assert(hy_phone_index(kek, "+8613800000002", again));
    cr_assert_str_neq(index, again);
    cr_assert(hy_phone_index(other, "+8613800000001", again));
    cr_assert_str_neq(index, again);
}

Test(seal, a_blind_hash_depends_on_the_kek_and_is_no_index) {
    char hash[HY_PHONE_INDEX_BYTES], again[HY_PHONE_INDEX_BYTES];
    hy_blind_hash(kek, hy_bytes_of("+8613800000001"), hash);
    hy_blind_hash(kek, hy_bytes_of("+8613800000001"), again);
    cr_assert_str_eq(hash, again);
    hy_blind_hash(other, hy_bytes_of("+8613800000001"), again);
    cr_assert_str_neq(hash, again);
    cr_assert(hy_phone_index(kek, "+8613800000001", again));
    cr_assert_str_neq(hash, again);
}

Test(seal, only_e164_has_an_index) {
    static const char *const bad[] = {"",
                                      "+",
                                      "8613800000001",
                                      "+0613800000001",
                                      "+1234567",
                                      "x",
                                      "+86 13800001",
                                      "+1234567890123456",
                                      "+861380000000x",
                                      "++8613800000001"};
    char index[HY_PHONE_INDEX_BYTES] = "untouched";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert(!hy_phone_index(kek, bad[i], index), "%s", bad[i]);
    cr_assert_str_eq(index, "untouched");
    cr_assert(hy_phone_index(kek, "+12345678", index));
    cr_assert(hy_phone_index(kek, "+123456789012345", index));
}

Test(seal, member_ids_are_drawn_in_the_alphabet) {
    char id[HY_MEMBER_ID_BYTES], before[HY_MEMBER_ID_BYTES] = "";
    for (int i = 0; i < 1000; i++) {
        hy_member_id_draw(id);
        cr_assert_eq(id[0], 'm');
        cr_assert_eq(strspn(id + 1, "0123456789abcdefghjkmnpqrstvwxyz"), 20);
        cr_assert_eq(id[21], '\0');
        cr_assert_str_neq(id, before);
        memcpy(before, id, sizeof id);
    }
}

static const char *key_file(const char *text) {
    static char name[32];
    snprintf(name, sizeof name, "/tmp/hy-seal-XXXXXX");
    int fd = mkstemp(name);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return name;
}

Test(seal, the_kek_in_a_file_is_the_kek_in_digits) {
    const char *name = key_file(DIGITS "\n");
    struct hy_kek *loaded = hy_kek_load(name, "");
    unlink(name);
    cr_assert_not_null(loaded);
    struct hy_member_key found;
    cr_assert(hy_member_key_unwrap(loaded, "m1", hy_member_key_wrap(kek, "m1", &key, &arena), &found));
    hy_kek_free(loaded);
}

// Standard error, while `load` runs.
static char *said(const char *file, const char *digits) {
    static char text[2000];
    FILE *written = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(written), STDERR_FILENO);
    struct hy_kek *loaded = hy_kek_load(file, digits);
    dup2(before, STDERR_FILENO);
    close(before);
    cr_assert_null(loaded);
    rewind(written);
    text[fread(text, 1, sizeof text - 1, written)] = '\0';
    fclose(written);
    return text;
}

Test(seal, a_bad_kek_is_named_and_never_shown) {
    static const char *const bad[] = {"00112233", DIGITS "00", DIGITS "zz",
                                      "x0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not_null(strstr(said("", bad[i]), "HY_KEK is not 64 hex digits"));
        cr_assert_null(strstr(said("", bad[i]), "112233"));
        const char *name = key_file(bad[i]);
        const char *text = said(name, "");
        unlink(name);
        cr_assert_not_null(strstr(text, name));
        cr_assert_null(strstr(text, "112233"));
    }
    cr_assert_not_null(strstr(said("", ""), "HY_KEK_FILE"));
    cr_assert_not_null(strstr(said("/nowhere/kek", ""), "/nowhere/kek"));
    const char *name = key_file(DIGITS);
    const char *text = said(name, DIGITS);
    unlink(name);
    cr_assert_not_null(strstr(text, "both"));
    cr_assert_null(strstr(text, "112233"));
}
