// What keeps personal data unreadable: the key-encryption key (KEK), the keys of the members, sealed bytes,
// and the blind index of a phone. The door to libsodium's encryption. hy_crypto_init (crypto.h) comes first.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/bytes.h"

enum {
    HY_KEY_BYTES = 32,         // of every key here
    HY_KEK_NUMBER = 1,         // of the KEK in use: WrappedKey.key_encryption_key
    HY_MEMBER_ID_BYTES = 22,   // of a drawn member id, with the terminator
    HY_PHONE_INDEX_BYTES = 33, // hex, with the terminator
    HY_PHONE_DIGITS = 15,      // of an E.164 number, at most
};

// Two lines for the table of settings of a service that has the KEK.
#define HY_KEK_SETTINGS(file_target, digits_target)                                                     \
    {"HY_KEK_FILE", HY_CONFIG_TEXT, "", 0, 0, "", "file with the key-encryption key, 64 hex digits",    \
     false,         (file_target)},                                                                     \
    {                                                                                                   \
        "HY_KEK", HY_CONFIG_TEXT, "", 0, 0, "", "the key-encryption key itself, when there is no file", \
            true, (digits_target)                                                                       \
    }

struct hy_kek;

// From the file, or when its name is empty from the digits; NULL with a line in the log, which never shows
// any of the key, when neither is right or both are given. The bytes of `digits` stay where they are: they
// are the environment's.
struct hy_kek *hy_kek_load(const char *file, const char *digits);
void hy_kek_free(struct hy_kek *kek); // wipes it; NULL is allowed

// A member's data key. Wipe it as soon as it has done its work.
struct hy_member_key {
    uint8_t bytes[HY_KEY_BYTES];
};

void hy_member_key_draw(struct hy_member_key *ret_key);
void hy_member_key_wipe(struct hy_member_key *key);
void hy_wipe(void *memory, size_t length); // not optimised away

// As it stands in the messages Sealed and WrappedKey: XChaCha20-Poly1305 (IETF), a nonce of 24 random bytes,
// the tag at the end of the ciphertext.
struct hy_sealed {
    struct hy_bytes nonce, ciphertext;
};

// The member's key for the topic member-keys and for Redis; the bytes live in the arena. It opens only with
// the same KEK and for the same member id.
struct hy_sealed hy_member_key_wrap(const struct hy_kek *kek, const char *member_id,
                                    const struct hy_member_key *key, struct hy_arena *arena);
// False: not wrapped with this KEK for this member, or damaged; then *ret_key is untouched.
bool hy_member_key_unwrap(const struct hy_kek *kek, const char *member_id, struct hy_sealed wrapped,
                          struct hy_member_key *ret_key);

// The same for any bytes, with the member's key.
struct hy_sealed hy_seal(const struct hy_member_key *key, const char *member_id, struct hy_bytes clear,
                         struct hy_arena *arena);
// What comes out lives in the arena: wipe it (hy_wipe) when it should not stay until the arena's next use.
bool hy_unseal(const struct hy_member_key *key, const char *member_id, struct hy_sealed sealed,
               struct hy_arena *arena, struct hy_bytes *ret_clear);

// The phone's blind index: the same for the same phone and KEK, says nothing without the KEK. Keyed
// BLAKE2b-128, under a key derived from the KEK. False unless the phone is in E.164 form: "+", then 8 … 15
// digits, the first not 0.
bool hy_phone_index(const struct hy_kek *kek, const char *phone, char ret_index[HY_PHONE_INDEX_BYTES]);

// The same for any bytes that could be guessed (what a request said): never equal to the index of a phone.
void hy_blind_hash(const struct hy_kek *kek, struct hy_bytes clear, char ret_hash[HY_PHONE_INDEX_BYTES]);

// A new member id: "m" and 20 characters of Crockford's base32 in lower case, 100 random bits.
void hy_member_id_draw(char ret_id[HY_MEMBER_ID_BYTES]);
