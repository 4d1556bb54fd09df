/* The first process of every pod: keeps the pod's namespaces alive, and reaps orphans. */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int number) { (void)number; _exit(0); }

int main(void) {
  struct sigaction reaping = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
  sigaction(SIGCHLD, &reaping, NULL);
  signal(SIGINT, leave);
  signal(SIGTERM, leave);
  for (;;) pause();
}
