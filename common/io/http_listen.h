// The listening socket of the HTTP door.
#pragma once

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all addresses). -1, with a line in the log, when
// it cannot be used.
int hy_http_listen(const char *address);
unsigned hy_http_listen_port(int fd);
