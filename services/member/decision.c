#include "services/member/member.h"

void member_decline(struct hy_decision *decision, enum hy_code code) {
    decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_DECLINED;
    decision->code = code;
}

Huiyuan__V1__MemberChange *member_change(Huiyuan__V1__MemberChangeKind kind, struct hy_arena *arena) {
    Huiyuan__V1__MemberChange *change = hy_arena_alloc(arena, sizeof *change);
    huiyuan__v1__member_change__init(change);
    change->kind = kind;
    return change;
}

void member_accept(struct hy_decision *decision, const Huiyuan__V1__MemberChange *change,
                   const char *member_id, uint32_t version, struct hy_arena *arena) {
    Huiyuan__V1__MemberNote note = HUIYUAN__V1__MEMBER_NOTE__INIT;
    note.kind = change->kind;
    note.member_id = (char *)(uintptr_t)member_id; // packing does not write through it
    note.version = version;
    decision->outcome = HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED;
    decision->body = &change->base;
    decision->body_bytes = hy_brain_pack(arena, &change->base);
    decision->note = hy_brain_pack(arena, &note.base);
}
