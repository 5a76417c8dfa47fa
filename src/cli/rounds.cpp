#include "cli/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/plot.h"

namespace acuity::cli {
namespace {

using pipeline::Round;

/// A cell of a CSV file (RFC 4180).
std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

std::string number(double value, int decimals) {
    return std::isnan(value) ? "" : fmt::format("{:.{}f}", value, decimals);
}

std::string line(const Voyage& voyage, std::size_t i, const std::string& kernel) {
    const Round& r = voyage.rounds[i];
    return fmt::format("{},{},{},{},{},{},{},{},{},{}\n", quoted(voyage.picture),
                       quoted(voyage.model), i + 1, kernel, number(r.toOriginal.psnr, 3),
                       number(r.toOriginal.ssim, 5), number(r.toFirst.psnr, 3),
                       number(r.toFirst.ssim, 5), number(r.drift, 3),
                       i < voyage.texts.size() ? quoted(voyage.texts[i]) : "");
}

void add(Round& sum, const Round& round, double share) {
    for (auto [to, from] :
         {std::pair{&sum.toOriginal, &round.toOriginal}, std::pair{&sum.toFirst, &round.toFirst}}) {
        to->psnr += share * from->psnr;
        to->ssim += share * from->ssim;
    }
    sum.drift += share * round.drift;
}

}  // namespace

std::vector<int> shownRounds(int times) {
    std::vector<int> shown;
    for (int power = 1; power < times; power *= 10)
        for (const int factor : {1, 2, 5})
            if (factor * power < times) shown.push_back(factor * power);
    shown.push_back(times);
    return shown;
}

std::vector<Voyage> means(const std::vector<Voyage>& voyages) {
    std::vector<Voyage> found;
    for (const Voyage& voyage : voyages) {
        const auto same = [&](const Voyage& v) { return v.model == voyage.model; };
        if (std::any_of(found.begin(), found.end(), same)) continue;
        const double count = double(std::count_if(voyages.begin(), voyages.end(), same));
        Voyage mean{"mean", voyage.model, std::vector<Round>(voyage.rounds.size()), {}};
        for (const Voyage& other : voyages)
            for (std::size_t i = 0; same(other) && i < mean.rounds.size(); i++)
                add(mean.rounds[i], other.rounds[i], 1 / count);
        found.push_back(std::move(mean));
    }
    return found;
}

std::string csv(const std::vector<Voyage>& voyages) {
    std::string text =
        "picture,model,round,kernel,psnr_y,ssim,psnr_y_to_round_1,ssim_to_round_1,small_drift_db,"
        "text\n";
    for (const Voyage& voyage : voyages)
        for (std::size_t i = 0; i < voyage.rounds.size(); i++)
            text += line(voyage, i, ops::name(voyage.rounds[i].kernel));
    const std::vector<Voyage> all = means(voyages);
    for (const Voyage& mean : all)
        for (std::size_t i = 0; all.size() < voyages.size() && i < mean.rounds.size(); i++)
            text += line(mean, i, "");
    return text;
}

std::string chart(const std::vector<Voyage>& voyages, const std::string& title) {
    std::vector<PlotLine> lines;
    for (const Voyage& mean : means(voyages)) {
        lines.push_back({mean.model, {}});
        for (const Round& round : mean.rounds) lines.back().values.push_back(round.toOriginal.psnr);
    }
    return plot(title, "times shrunk and enlarged", "PSNR-Y to the original, dB", lines);
}

}  // namespace acuity::cli
