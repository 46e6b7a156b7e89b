#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "target.h"

// Runs a target over mutations of a corpus, a given number of them, the same ones each time. For
// compilers that have no libFuzzer, and for tests that must end.
//   fuzz_NAME --inputs=N [--seed=N] [--keep=FILE] CORPUS-DIRECTORY...
// A finding ends it with 1; the input is written to FILE.

namespace {

using Input = std::vector<std::uint8_t>;
using Random = std::mt19937_64;

constexpr std::size_t kLargestInput = std::size_t{1} << 20;
constexpr unsigned kMostSeconds = 60;  // for one input

std::vector<Input> read_corpus(const std::vector<std::string>& directories) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& directory : directories) {
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Input> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    Input input(std::istreambuf_iterator<char>(in), {});
    if (!input.empty() && input.size() <= kLargestInput) corpus.push_back(std::move(input));
  }
  return corpus;
}

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

// Values at which readers go wrong.
constexpr std::uint64_t kInteresting[] = {0,
                                          1,
                                          0x7f,
                                          0x80,
                                          0xff,
                                          0x7fff,
                                          0xffff,
                                          0x7fffffff,
                                          0x80000000,
                                          0xffffffff,
                                          0xfffffffffffff000,
                                          0x7fffffffffffffff,
                                          0x8000000000000000,
                                          0xffffffffffffffff};

void mutate_once(Input& input, const std::vector<Input>& corpus, Random& random) {
  const std::size_t at = below(random, input.size());
  const auto place = input.begin() + std::ptrdiff_t(at);
  const std::size_t rest = input.size() - at;
  switch (below(random, 8)) {
    case 0:
      *place ^= std::uint8_t(1u << below(random, 8));
      break;
    case 1:
      *place = std::uint8_t(random());
      break;
    case 2: {  // a number of 1, 2, 4 or 8 bytes
      const std::uint64_t value = kInteresting[below(random, std::size(kInteresting))];
      std::memcpy(&*place, &value, std::min(rest, std::size_t{1} << below(random, 4)));
      break;
    }
    case 3: {  // a little more or less
      *place = std::uint8_t(*place + below(random, 9) - 4);
      break;
    }
    case 4:
      input.erase(place,
                  place + std::ptrdiff_t(1 + below(random, std::min<std::size_t>(rest, 64))));
      break;
    case 5:
      input.insert(place, 1 + below(random, 16), std::uint8_t(random()));
      break;
    case 6: {  // a piece of this one, once more
      const Input piece(place, place + std::ptrdiff_t(std::min<std::size_t>(rest, 128)));
      const std::size_t to = below(random, input.size());
      input.insert(input.begin() + std::ptrdiff_t(to), piece.begin(), piece.end());
      break;
    }
    default: {  // a piece of another one over this
      const Input& other = corpus[below(random, corpus.size())];
      const std::size_t from = below(random, other.size());
      const std::size_t size = std::min({rest, other.size() - from, std::size_t{256}});
      std::copy_n(other.begin() + std::ptrdiff_t(from), size, place);
      break;
    }
  }
}

/// The input of that number: a file of the corpus as it is, then mutations.
Input input_of(std::uint64_t number, const std::vector<Input>& corpus, std::uint64_t seed) {
  if (number < corpus.size()) return corpus[number];
  Random random(seed * 0x9e3779b97f4a7c15 + number);
  Input input = corpus[below(random, corpus.size())];
  for (std::size_t n = std::size_t{1} << below(random, 5); n > 0 && !input.empty(); --n) {
    mutate_once(input, corpus, random);
  }
  if (input.size() > kLargestInput) input.resize(kLargestInput);
  return input;
}

bool is_number(const std::string& word, const char* name, std::uint64_t& value) {
  const std::size_t length = std::strlen(name);
  if (word.compare(0, length, name) != 0) return false;
  return std::from_chars(word.data() + length, word.data() + word.size(), value).ec == std::errc();
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t inputs = 0, seed = 1;
  std::string keep = "fuzz-finding";
  std::vector<std::string> directories;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (is_number(word, "--inputs=", inputs) || is_number(word, "--seed=", seed)) continue;
    if (word.starts_with("--keep=")) {
      keep = word.substr(7);
    } else {
      directories.push_back(word);
    }
  }
  const std::vector<Input> corpus = read_corpus(directories);
  if (corpus.empty() || inputs == 0) {
    std::fprintf(stderr, "usage: %s --inputs=N [--seed=N] [--keep=FILE] CORPUS...\n", argv[0]);
    return 2;
  }
  // How far the child came, in memory that both see: it may end in any way.
  auto* const number = static_cast<std::uint64_t*>(mmap(
      nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ttrace::fuzz::require(number != MAP_FAILED, "no memory");
  const pid_t child = fork();
  if (child == 0) {
    for (; *number < inputs; ++*number) {
      const Input input = input_of(*number, corpus, seed);
      alarm(kMostSeconds);
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    std::printf("%llu inputs, %zu of them as they were, seed %llu: no finding\n",
                static_cast<unsigned long long>(inputs), corpus.size(),
                static_cast<unsigned long long>(seed));
    return 0;
  }
  const Input input = input_of(*number, corpus, seed);
  std::ofstream(keep, std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()), std::streamsize(input.size()));
  std::fprintf(
      stderr, "input %llu of seed %llu %s: it is kept in %s\n",
      static_cast<unsigned long long>(*number), static_cast<unsigned long long>(seed),
      WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "takes too long" : "is a finding",
      keep.c_str());
  return 1;
}
