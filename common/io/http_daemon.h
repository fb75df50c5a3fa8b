// How the door runs libmicrohttpd: its flags and limits. Private to common/io.
#pragma once

#include <microhttpd.h>

#include "common/io/http.h"

typedef enum MHD_Result (*http_daemon_handler)(void *context, struct MHD_Connection *connection,
                                               const char *url, const char *method, const char *version,
                                               const char *upload_data, size_t *upload_data_size,
                                               void **slot);
typedef void (*http_daemon_completed)(void *context, struct MHD_Connection *connection, void **slot,
                                      enum MHD_RequestTerminationCode code);

// NULL when it does not start. `listen_fd` stays the caller's once the daemon is quiesced.
struct MHD_Daemon *http_daemon_start(const struct hy_http_options *options, int listen_fd,
                                     http_daemon_handler handler, http_daemon_completed completed,
                                     void *context);
