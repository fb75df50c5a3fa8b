// Personal data: sealed with the member's own key, which is wrapped with the key-encryption key.
#pragma once

#include "common/contract/member.h"
#include "services/gateway/gateway.h"

// A new key, and the message of topic member-keys that keeps it; the bytes live in the arena.
void personal_key_draw(const struct hy_kek *kek, const char *member_id, struct hy_arena *arena,
                       struct hy_member_key *ret_key, struct hy_bytes *ret_wrapped);
// False: there is no key-encryption key here, or `wrapped` (a WrappedKey, length 0: none) cannot be opened.
bool personal_key_open(const struct hy_kek *kek, const char *member_id, struct hy_bytes wrapped,
                       struct hy_arena *arena, struct hy_member_key *ret_key);

Huiyuan__V1__Sealed *personal_seal(const struct hy_member_key *key, const char *member_id,
                                   const Huiyuan__V1__PersonalData *personal, struct hy_arena *arena);
// NULL: it cannot be opened with this key.
Huiyuan__V1__PersonalData *personal_open(const struct hy_member_key *key, const char *member_id,
                                         const Huiyuan__V1__Sealed *sealed, struct hy_arena *arena);

// Lays what was said over `personal`; what was not said stays.
void personal_merge(Huiyuan__V1__PersonalData *personal, const struct hy_member_fields *fields);
// The consents that were said, now.
void consents_said(const struct hy_member_fields *fields, struct hy_arena *arena,
                   Huiyuan__V1__Consent ***ret_consents, size_t *ret_count);
