// What is sent: a template filled in for one member. Pure.
#pragma once

#include "services/notification/template.h"

// Both texts end with a terminator, which they count. False when the template asks for what there is not.
bool letter_mail(const Huiyuan__V1__DeliveryChange *order, const Huiyuan__V1__PersonalData *person,
                 const struct template *template, struct hy_buffer *subject, struct hy_buffer *body,
                 const char **ret_missing);
// The body of the webhook: {"id", "channel", "to", "language", "template", "campaign_id", "text"}.
bool letter_text(const Huiyuan__V1__DeliveryChange *order, const Huiyuan__V1__PersonalData *person,
                 const struct template *template, struct hy_buffer *json, const char **ret_missing);
void letter_wipe(struct hy_buffer *buffer); // and frees it
