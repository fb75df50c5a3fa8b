// Bodies of requests: JSON from tills, web shops and partners.
#include <string.h>

#include "common/contract/limits.h"
#include "common/contract/member.h"
#include "common/contract/purchase.h"
#include "common/contract/store_event.h"
#include "tests/fuzz/fuzz.h"

typedef Huiyuan__V1__Purchase Purchase;

// What the gateway sends on is what accrual reads.
static void check_purchase(struct hy_bytes json, struct hy_arena *arena) {
    Purchase *purchase = NULL;
    struct hy_error error = hy_purchase_from_json(json, arena, &purchase);
    if (error.code == HY_OK) error = hy_purchase_check(purchase, arena);
    if (error.code != HY_OK) {
        fuzz_check_refusal(error);
        return;
    }
    Huiyuan__V1__StoreEvent event = HUIYUAN__V1__STORE_EVENT__INIT;
    event.event_case = HUIYUAN__V1__STORE_EVENT__EVENT_PURCHASE;
    event.purchase = purchase;
    struct hy_store_event read;
    PROMISE(hy_store_event_read(fuzz_pack(&event.base, arena), arena, &read).code == HY_OK);
    PROMISE(read.content_hash == hy_purchase_hash(purchase, arena));
    PROMISE(hy_purchase_money_fen(purchase) >= 0 &&
            hy_purchase_money_fen(purchase) <= hy_purchase_total_fen(purchase));
}

static void check_text(enum hy_limit_row row, const char *text) {
    if (text == NULL || *text == '\0') return;
    size_t length = strlen(text);
    PROMISE(length <= (size_t)hy_limits[row].max && length >= (size_t)hy_limits[row].min);
    PROMISE(hy_text_has_form(hy_limits[row].text_form, text, length));
}

static void check_member(struct hy_bytes json, enum hy_member_use use, struct hy_arena *arena) {
    struct hy_member_fields fields = {0};
    struct hy_error error = hy_member_from_json(json, use, arena, &fields);
    if (error.code != HY_OK) {
        fuzz_check_refusal(error);
        return;
    }
    char again[HY_PHONE_BYTES];
    PROMISE((fields.phone != NULL) == (use == HY_MEMBER_NEW));
    if (fields.phone != NULL)
        PROMISE(hy_phone_normalise(fields.phone, again) && strcmp(again, fields.phone) == 0);
    check_text(HY_LIMIT_NAME, fields.name);
    check_text(HY_LIMIT_EMAIL, fields.email);
    uint32_t birthday = fields.birthday == NULL ? 0 : hy_birthday_number(fields.birthday);
    PROMISE((birthday > 0) == (fields.birthday != NULL && fields.birthday[0] != '\0'));
    PROMISE(birthday == 0 || (birthday >= 101 && birthday <= 1231));
}

static void check_redemption(struct hy_bytes json, struct hy_arena *arena) {
    struct hy_redemption redemption = {0};
    struct hy_error error = hy_redemption_from_json(json, arena, &redemption);
    if (error.code != HY_OK) {
        fuzz_check_refusal(error);
        return;
    }
    PROMISE(redemption.store_id[0] != '\0' && redemption.purchase_id != NULL &&
            redemption.redemption_id != NULL);
    check_text(HY_LIMIT_REDEEM_STORE_ID, redemption.store_id);
    check_text(HY_LIMIT_REDEEM_PURCHASE_ID, redemption.purchase_id);
    check_text(HY_LIMIT_REDEMPTION_ID, redemption.redemption_id);
}

// The first byte says which body it is.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct hy_arena *arena = fuzz_arena();
    struct hy_bytes json = hy_bytes(data + 1, size - 1);
    switch (data[0]) {
    case 'p': check_purchase(json, arena); break;
    case 'm': check_member(json, HY_MEMBER_NEW, arena); break;
    case 'u': check_member(json, HY_MEMBER_PATCH, arena); break;
    case 'r': check_redemption(json, arena); break;
    default: break;
    }
    return 0;
}
