// A pipe that does not block is taken to have room for all that is written.
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "bug.h"

int main() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK) != 0) return 2;
  const std::vector<char> message(12'000, 'x');
  if (write(ends[1], message.data(), message.size()) < 0) return 2;
  std::vector<char> received(message.size());
  std::size_t got = 0;
  for (ssize_t n; (n = read(ends[0], received.data() + got, received.size() - got)) > 0;)
    got += std::size_t(n);
  if (got != message.size()) bug_shows("the end of a message was lost");
}
