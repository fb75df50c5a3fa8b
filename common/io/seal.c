#include "common/io/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/io/crypto.h"
#include "common/io/log.h"

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    INDEX_BYTES = 16,
    KEK_DIGITS = 2 * HY_KEY_BYTES,
    KEK_FILE_LIMIT = 256,
    // Numbers of the derived keys: part of the contract, since what they made is kept for ever.
    WRAPPING_KEY = 1,
    INDEX_KEY = 2,
};

_Static_assert((int)HY_KEY_BYTES == (int)crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "of the cipher");
_Static_assert((int)HY_KEY_BYTES == (int)crypto_kdf_KEYBYTES, "of the derivation");
_Static_assert((int)HY_PHONE_INDEX_BYTES == 2 * INDEX_BYTES + 1, "hex");

// One key, one purpose: the KEK itself encrypts nothing, the keys derived from it do.
struct hy_kek {
    uint8_t wrapping[HY_KEY_BYTES];
    uint8_t index[HY_KEY_BYTES];
};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// The 64 digits, with white space around them or not.
static bool parse_digits(const char *text, uint8_t ret_key[HY_KEY_BYTES]) {
    while (is_space(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_space(text[length - 1]))
        length--;
    size_t read = 0;
    return length == KEK_DIGITS &&
           sodium_hex2bin(ret_key, HY_KEY_BYTES, text, length, NULL, &read, NULL) == 0 &&
           read == HY_KEY_BYTES;
}

static bool read_file(const char *name, char text[KEK_FILE_LIMIT]) {
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        hy_log(HY_LOG_ERROR, "kek", "HY_KEK_FILE %s cannot be read: %s", name, strerror(errno));
        return false;
    }
    setvbuf(file, NULL, _IONBF, 0); // no copy of the key in a buffer that nobody wipes
    size_t length = fread(text, 1, KEK_FILE_LIMIT - 1, file);
    text[length] = '\0';
    bool good = ferror(file) == 0;
    if (!good) hy_log(HY_LOG_ERROR, "kek", "HY_KEK_FILE %s cannot be read", name);
    fclose(file);
    return good;
}

static bool read_key(const char *file, const char *digits, uint8_t ret_key[HY_KEY_BYTES]) {
    if (file[0] == '\0') {
        if (parse_digits(digits, ret_key)) return true;
        hy_log(HY_LOG_ERROR, "kek", "%s",
               digits[0] == '\0' ? "the key-encryption key is missing: set HY_KEK_FILE (or HY_KEK)"
                                 : "HY_KEK is not 64 hex digits");
        return false;
    }
    if (digits[0] != '\0') {
        hy_log(HY_LOG_ERROR, "kek", "HY_KEK_FILE and HY_KEK are both set: which one is the key?");
        return false;
    }
    char text[KEK_FILE_LIMIT];
    bool good = read_file(file, text);
    if (good && !parse_digits(text, ret_key)) {
        hy_log(HY_LOG_ERROR, "kek", "HY_KEK_FILE %s does not hold 64 hex digits", file);
        good = false;
    }
    sodium_memzero(text, sizeof text);
    return good;
}

struct hy_kek *hy_kek_load(const char *file, const char *digits) {
    hy_crypto_init();
    uint8_t key[HY_KEY_BYTES] = {0};
    struct hy_kek *kek = NULL;
    if (read_key(file, digits, key)) {
        kek = sodium_malloc(sizeof *kek); // never swapped out where the system allows it
        if (kek == NULL) {
            hy_log(HY_LOG_ERROR, "kek", "no memory for the key-encryption key");
        } else {
            crypto_kdf_derive_from_key(kek->wrapping, HY_KEY_BYTES, WRAPPING_KEY, "hywrap__", key);
            crypto_kdf_derive_from_key(kek->index, HY_KEY_BYTES, INDEX_KEY, "hyindex_", key);
            sodium_mprotect_readonly(kek);
        }
    }
    sodium_memzero(key, sizeof key);
    return kek;
}

void hy_kek_free(struct hy_kek *kek) {
    sodium_free(kek); // wipes
}

void hy_member_key_draw(struct hy_member_key *ret_key) {
    randombytes_buf(ret_key->bytes, sizeof ret_key->bytes);
}

void hy_member_key_wipe(struct hy_member_key *key) {
    sodium_memzero(key, sizeof *key);
}

void hy_wipe(void *memory, size_t length) {
    sodium_memzero(memory, length);
}

static struct hy_sealed seal(const uint8_t *key, const char *member_id, struct hy_bytes clear,
                             struct hy_arena *arena) {
    uint8_t *nonce = hy_arena_alloc(arena, NONCE_BYTES);
    uint8_t *ciphertext = hy_arena_alloc(arena, clear.length + TAG_BYTES);
    unsigned long long length = 0;
    randombytes_buf(nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(ciphertext, &length, clear.data, clear.length,
                                               (const uint8_t *)member_id, strlen(member_id), NULL, nonce,
                                               key);
    return (struct hy_sealed){hy_bytes(nonce, NONCE_BYTES), hy_bytes(ciphertext, (size_t)length)};
}

// `room`: of as many bytes as the ciphertext without its tag.
static bool unseal(const uint8_t *key, const char *member_id, struct hy_sealed sealed, uint8_t *room) {
    unsigned long long length = 0;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(room, &length, NULL, sealed.ciphertext.data,
                                                      sealed.ciphertext.length, (const uint8_t *)member_id,
                                                      strlen(member_id), sealed.nonce.data, key) == 0;
}

static bool well_formed(struct hy_sealed sealed) {
    return sealed.nonce.length == NONCE_BYTES && sealed.ciphertext.length >= TAG_BYTES;
}

struct hy_sealed hy_seal(const struct hy_member_key *key, const char *member_id, struct hy_bytes clear,
                         struct hy_arena *arena) {
    return seal(key->bytes, member_id, clear, arena);
}

bool hy_unseal(const struct hy_member_key *key, const char *member_id, struct hy_sealed sealed,
               struct hy_arena *arena, struct hy_bytes *ret_clear) {
    if (!well_formed(sealed)) return false;
    size_t length = sealed.ciphertext.length - TAG_BYTES;
    uint8_t *clear = hy_arena_alloc(arena, length + 1);
    if (!unseal(key->bytes, member_id, sealed, clear)) return false;
    *ret_clear = hy_bytes(clear, length);
    return true;
}

struct hy_sealed hy_member_key_wrap(const struct hy_kek *kek, const char *member_id,
                                    const struct hy_member_key *key, struct hy_arena *arena) {
    return seal(kek->wrapping, member_id, hy_bytes(key->bytes, sizeof key->bytes), arena);
}

bool hy_member_key_unwrap(const struct hy_kek *kek, const char *member_id, struct hy_sealed wrapped,
                          struct hy_member_key *ret_key) {
    struct hy_member_key key;
    if (!well_formed(wrapped) || wrapped.ciphertext.length != sizeof key.bytes + TAG_BYTES) return false;
    bool good = unseal(kek->wrapping, member_id, wrapped, key.bytes);
    if (good) *ret_key = key;
    sodium_memzero(&key, sizeof key);
    return good;
}

static bool is_e164(const char *phone) {
    size_t digits = strspn(phone + (phone[0] == '+'), "0123456789");
    return phone[0] == '+' && phone[1] != '0' && digits >= 8 && digits <= HY_PHONE_DIGITS &&
           phone[1 + digits] == '\0';
}

bool hy_phone_index(const struct hy_kek *kek, const char *phone, char ret_index[HY_PHONE_INDEX_BYTES]) {
    if (!is_e164(phone)) return false;
    uint8_t index[INDEX_BYTES];
    crypto_generichash(index, sizeof index, (const uint8_t *)phone, strlen(phone), kek->index, HY_KEY_BYTES);
    sodium_bin2hex(ret_index, HY_PHONE_INDEX_BYTES, index, sizeof index);
    return true;
}

void hy_blind_hash(const struct hy_kek *kek, struct hy_bytes clear, char ret_hash[HY_PHONE_INDEX_BYTES]) {
    uint8_t hash[INDEX_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, kek->index, HY_KEY_BYTES, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)"=", 1); // a phone begins with "+"
    crypto_generichash_update(&state, clear.data, clear.length);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(ret_hash, HY_PHONE_INDEX_BYTES, hash, sizeof hash);
}

void hy_member_id_draw(char ret_id[HY_MEMBER_ID_BYTES]) {
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford: no i, l, o, u
    uint8_t random[HY_MEMBER_ID_BYTES - 2];
    randombytes_buf(random, sizeof random);
    ret_id[0] = 'm';
    for (size_t i = 0; i < sizeof random; i++)
        ret_id[1 + i] = alphabet[random[i] & 31];
    ret_id[HY_MEMBER_ID_BYTES - 1] = '\0';
}
