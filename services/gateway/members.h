// What the endpoints about members share.
#pragma once

#include "common/contract/member.h"
#include "services/gateway/member_view.h"

// A view in the request's arena, ready for member_view_read.
struct member_view *members_view(struct request *request, const char *member_id,
                                 void (*done)(void *context, struct member_view *view), void *context);
// The member's page with its ETag.
void members_show(struct member_view *view, unsigned status);
// No such member, or nothing of an id's form.
void members_refuse_unknown(struct request *request);
// False: there is no key-encryption key here, and the request has been refused.
bool members_need_kek(struct request *request);
// The body of the request. False: it has been refused.
bool members_read_body(struct request *request, enum hy_member_use use, struct hy_member_fields *ret_fields);
// "phone/<index>", in the arena; NULL: it is no phone.
const char *members_identity(struct request *request, const char *phone);
