// State as a fold of the log: one record, replayed. model: entry-numbers
#include "common/stage/tenure.h"

bool fold_record(struct hy_tenure *tenure, struct hy_member *member, const Huiyuan__V1__Record *record,
                 uint64_t seq, uint32_t index) {
    const struct hy_brain *brain = tenure->stage->brain;
    ProtobufCMessage *body = NULL;
    if (record->outcome == HUIYUAN__V1__OUTCOME__OUTCOME_ACCEPTED) {
        body = hy_brain_folded(brain, record, &tenure->fold_arena);
        if (body == NULL) return false;
    }
    hy_totals_apply(&tenure->totals, brain, record, body);
    // A projection in several calls may have been cut off between them: then this member is ahead of the
    // watermark.
    if (member == NULL || record->entry <= member->entries) return true;
    if (record->entry != member->entries + 1) return false;
    struct hy_member_entry entry = {record, seq, index, hy_hash64(hy_bytes_of(record->input_id))};
    hy_member_apply(brain, member, &entry, body);
    projector_dirty(tenure, member);
    return true;
}
