// Ten megabytes written at once and read back at once.
#include <vector>

#include "temporary.h"

int main() {
  Temporary file;
  std::vector<unsigned char> bytes(10u << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 7 >> 4);
  OBSERVE(write(file.fd(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  std::vector<unsigned char> back(bytes.size());
  OBSERVE(pread(file.fd(), back.data(), back.size(), 0) == static_cast<ssize_t>(back.size()));
  OBSERVE(back == bytes);
  unsigned sum = 0;
  for (unsigned char byte : back) sum = sum * 31 + byte;
  std::printf("%u\n", sum);
}
