// A program that knows nothing of ttrace and is linked with nothing of it. It says that something
// was lost, and exits with 0 all the same:
//   ttrace until-fail --attempts=500 --fail-on=regex:lost -- ./unmarked
#include <cstdio>
#include <random>

int main() {
  std::random_device device;
  const unsigned sent = 5;
  const unsigned received = device() % 50 == 0 ? sent - 1 : sent;
  std::printf("sent %u, received %u\n", sent, received);
  if (received < sent) std::printf("%u message lost\n", sent - received);
}
