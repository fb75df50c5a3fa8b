#include "services/gateway/personal.h"

#include "common/io/clock.h"

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; // protobuf-c's structs have plain pointers; nobody writes
}

static ProtobufCBinaryData binary(struct hy_bytes bytes) {
    return (ProtobufCBinaryData){bytes.length, (uint8_t *)(uintptr_t)bytes.data};
}

static struct hy_bytes bytes_of(ProtobufCBinaryData data) {
    return hy_bytes(data.data, data.len);
}

void personal_key_draw(const struct hy_kek *kek, const char *member_id, struct hy_arena *arena,
                       struct hy_member_key *ret_key, struct hy_bytes *ret_wrapped) {
    hy_member_key_draw(ret_key);
    struct hy_sealed wrapped = hy_member_key_wrap(kek, member_id, ret_key, arena);
    Huiyuan__V1__WrappedKey message = HUIYUAN__V1__WRAPPED_KEY__INIT;
    message.nonce = binary(wrapped.nonce);
    message.ciphertext = binary(wrapped.ciphertext);
    message.key_encryption_key = HY_KEK_NUMBER;
    message.created_at_ms = hy_clock_now_ms();
    uint8_t *bytes = hy_arena_alloc(arena, huiyuan__v1__wrapped_key__get_packed_size(&message));
    *ret_wrapped = hy_bytes(bytes, huiyuan__v1__wrapped_key__pack(&message, bytes));
}

bool personal_key_open(const struct hy_kek *kek, const char *member_id, struct hy_bytes wrapped,
                       struct hy_arena *arena, struct hy_member_key *ret_key) {
    if (kek == NULL || wrapped.length == 0) return false;
    const Huiyuan__V1__WrappedKey *message =
        huiyuan__v1__wrapped_key__unpack(&arena->protobuf, wrapped.length, wrapped.data);
    if (message == NULL) return false;
    struct hy_sealed sealed = {bytes_of(message->nonce), bytes_of(message->ciphertext)};
    return hy_member_key_unwrap(kek, member_id, sealed, ret_key);
}

Huiyuan__V1__Sealed *personal_seal(const struct hy_member_key *key, const char *member_id,
                                   const Huiyuan__V1__PersonalData *personal, struct hy_arena *arena) {
    size_t size = huiyuan__v1__personal_data__get_packed_size(personal);
    uint8_t *clear = hy_arena_alloc(arena, size);
    huiyuan__v1__personal_data__pack(personal, clear);
    struct hy_sealed sealed = hy_seal(key, member_id, hy_bytes(clear, size), arena);
    hy_wipe(clear, size);
    Huiyuan__V1__Sealed *message = hy_arena_alloc(arena, sizeof *message);
    huiyuan__v1__sealed__init(message);
    message->nonce = binary(sealed.nonce);
    message->ciphertext = binary(sealed.ciphertext);
    return message;
}

Huiyuan__V1__PersonalData *personal_open(const struct hy_member_key *key, const char *member_id,
                                         const Huiyuan__V1__Sealed *sealed, struct hy_arena *arena) {
    struct hy_bytes clear;
    struct hy_sealed bytes = {bytes_of(sealed->nonce), bytes_of(sealed->ciphertext)};
    if (!hy_unseal(key, member_id, bytes, arena, &clear)) return NULL;
    return huiyuan__v1__personal_data__unpack(&arena->protobuf, clear.length, clear.data);
}

void personal_merge(Huiyuan__V1__PersonalData *personal, const struct hy_member_fields *fields) {
    if (fields->phone != NULL) personal->phone = text(fields->phone);
    if (fields->name != NULL) personal->name = text(fields->name);
    if (fields->birthday != NULL) personal->birthday = text(fields->birthday);
    if (fields->email != NULL) personal->email = text(fields->email);
}

void consents_said(const struct hy_member_fields *fields, struct hy_arena *arena,
                   Huiyuan__V1__Consent ***ret_consents, size_t *ret_count) {
    Huiyuan__V1__Consent **list = hy_arena_alloc(arena, HY_CHANNELS * sizeof *list);
    size_t count = 0;
    for (int channel = 1; channel < HY_CHANNELS; channel++) {
        if (!fields->consents[channel].said) continue;
        Huiyuan__V1__Consent *consent = list[count++] = hy_arena_alloc(arena, sizeof *consent);
        huiyuan__v1__consent__init(consent);
        consent->channel = (Huiyuan__V1__ContactChannel)channel;
        consent->granted = fields->consents[channel].granted;
        consent->changed_at_ms = hy_clock_now_ms();
    }
    *ret_consents = list;
    *ret_count = count;
}
