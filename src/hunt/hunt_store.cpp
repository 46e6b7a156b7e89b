#include "hunt/hunt_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fd.h"
#include "trace/new_file.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostHunts = 200;
constexpr std::string_view kExtension = ".json";

// Their names begin with the time: the order of names is that of the hunts.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kExtension) && !name.starts_with(kTemporaryPrefix)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::string file_name(const HuntSummary& summary) {
  std::string time = utc_text(summary.began);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}-{}-{}{}", time, summary.seed, getpid(), kExtension);
}

}  // namespace

void store_summary(const std::string& directory, const HuntSummary& summary) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored)) return;
  const std::string folder_name = directory + "/" + kHuntsName;
  if (mkdir(folder_name.c_str(), 0700) != 0 && errno != EEXIST) {
    throw_cannot_write(folder_name, errno);
  }
  const Fd folder(open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_cannot_write(folder_name, errno);
  NewFile file(folder.value(), folder_name);
  const std::string text = to_json(summary);
  file.write(bytes_of(std::string_view(text)));
  file.publish(file_name(summary));
  const std::vector<std::string> names = names_in(folder_name);
  for (std::size_t i = 0; i + kMostHunts < names.size(); ++i) {
    unlinkat(folder.value(), names[i].c_str(), 0);
  }
}

std::vector<std::string> stored_summaries(const std::string& directory) {
  const std::string folder = directory + "/" + kHuntsName;
  std::vector<std::string> texts;
  for (const std::string& name : names_in(folder)) {
    std::ifstream file(folder + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    if (file) texts.push_back(text.str());
  }
  return texts;
}

}  // namespace ttrace
