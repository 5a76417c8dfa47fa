// Plans are decided without a single inference: every rule has its case here.
#include <catch2/catch.hpp>

#include "acuity/error.h"
#include "plan/plan.h"
#include "plan/prescale.h"

using namespace acuity;
using namespace acuity::plan;
using nlohmann::json;

namespace {

const ModelChoice kOurs{"faithful", {}, {{2, "faithful-x2"}, {4, "faithful-x4"}}, true};
const ModelChoice kTheirs{"gan", {}, {{4, "gan.pth"}}, false};
const ModelChoice kLanczos{"lanczos", ops::Kernel::lanczos, {}, false};

diagnose::Damage sharp() {
    diagnose::Damage damage;
    damage.known = true;
    damage.resolution = {1, 0.05};
    return damage;
}

/// Of a picture that loses detail of 20, 60 and 400 levels^2 at 85, 70 and 50 %, and noise besides.
diagnose::Damage noisy(double levels) {
    diagnose::Damage damage = sharp();
    damage.lumaNoise = {levels, 1};
    const double power = levels * levels;
    damage.shrinkings = {{0.85, 20 + 0.3 * power, 0.3},
                         {0.7, 60 + 0.5 * power, 0.5},
                         {0.5, 400 + 0.75 * power, 0.75}};
    return damage;
}

diagnose::Damage grown(double likelihood, double detail, double deviation = 0.05) {
    diagnose::Damage damage = sharp();
    damage.enlarged = likelihood;
    damage.resolution = {detail, deviation};
    return damage;
}

/// As half the size, by bilinear, plainly.
diagnose::Damage doubled(double likelihood = 0.97) {
    diagnose::Damage damage = grown(likelihood, 0.5);
    damage.former.width = 200;
    damage.former.height = 150;
    damage.former.kernel = ops::Kernel::bilinear;
    damage.former.dropAcross = damage.former.dropDown = 1.5;
    damage.former.outside = 2;
    return damage;
}

diagnose::Reduction by(ops::Kernel kernel) {
    diagnose::Reduction reduction;
    reduction.kernel = kernel;
    reduction.confidence = 1;
    for (std::size_t i = 0; i < std::size(ops::kReductions); i++)
        reduction.likelihood[i] = ops::kReductions[i] == kernel;
    return reduction;
}

/// A sharp picture of 400x300 that bicubic made small.
Evidence evidence() {
    Evidence found;
    found.source = {400, 300};
    found.damage = sharp();
    found.reduction = by(ops::Kernel::bicubic);
    found.textShare = 0;
    return found;
}

Wishes enlarging(double factor) {
    Wishes wishes;
    wishes.size.scale = factor;
    return wishes;
}

Plan with(const diagnose::Damage& damage, const ModelChoice& choice = kOurs) {
    Evidence found = evidence();
    found.damage = damage;
    return decide(found, enlarging(4), {choice, kOurs});
}

bool says(const Plan& plan, const std::string& words) {
    for (const std::string& line : explain(plan))
        if (line.find(words) != std::string::npos) return true;
    return false;
}

Kind refusal(const json& object) {
    try {
        fromJson(object);
    } catch (const Error& error) {
        return error.kind();
    }
    return Kind::internal;
}

}  // namespace

TEST_CASE("a sharp clean picture is enlarged as it is, and bound") {
    const Plan plan = with(sharp());
    CHECK(plan.start == plan.source);
    CHECK(plan.because.empty());
    CHECK(plan.steps == std::vector<Step>{{{4, {1600, 1200}}, "faithful-x4"}});
    CHECK(plan.binding == Binding{ops::Kernel::bicubic, 1, 1});
    CHECK_FALSE(plan.lettering.apart);
    CHECK_FALSE(plan.wanted);
    CHECK(says(plan, "bound to it with strength 1"));
}

TEST_CASE("what is measured clearly is taken away, and nothing else") {
    const auto cleaned = [](const diagnose::Damage& damage, const ModelChoice& choice = kOurs,
                            Wishes wishes = enlarging(4)) {
        Evidence found = evidence();
        found.damage = damage;
        return decide(found, wishes, {choice, kOurs, "clean"});
    };
    const Plan untouched = cleaned(sharp());
    CHECK_FALSE(untouched.cleaning.any());
    CHECK(untouched.cleaner.empty());
    CHECK(untouched == with(sharp()));

    const Plan noise = cleaned(noisy(20));
    CHECK(noise.cleaning == Cleaning{0.8, 0, 0, 0});
    CHECK(noise.cleaner == "clean");
    CHECK(noise.start == noise.source);  // no reason to shrink it any more
    CHECK(says(noise, "clean takes away noise of about 20 levels"));
    CHECK_FALSE(cleaned(noisy(1)).cleaning.any());
    diagnose::Damage vague = noisy(2);  // as fine texture looks
    vague.lumaNoise.deviation = 1.5;
    CHECK_FALSE(cleaned(vague).cleaning.any());

    diagnose::Damage jpeg = sharp();
    jpeg.compressed = 0.999;
    jpeg.jpegQuality = {60, 3};
    CHECK(cleaned(jpeg).cleaning == Cleaning{0, 0, 0.5, 0});
    jpeg.jpegQuality = {95, 3};
    CHECK_FALSE(cleaned(jpeg).cleaning.any());
    // A file's own table is right where the picture agrees, unless it was stored worse before.
    jpeg.jpegQuality = {60, 3};
    CHECK(cleaningFor(jpeg, 64) == Cleaning{0, 0, 0.46, 0});
    CHECK(cleaningFor(jpeg, 95) == Cleaning{0, 0, 0.5, 0});
    CHECK(cleaningFor(sharp(), 60) == Cleaning{0, 0, 0.5, 0});
    CHECK(cleaningFor(diagnose::Damage(), 60) == Cleaning{0, 0, 0.5, 0});
    CHECK_FALSE(cleaningFor(sharp(), 0).any());
    jpeg.jpegQuality = {60, 3};
    jpeg.compressed = 0.6;
    CHECK_FALSE(cleaned(jpeg).cleaning.any());

    CHECK(cleaned(grown(0.2, 0.5)).cleaning == Cleaning{0, 0, 0, 0.5});
    CHECK_FALSE(cleaned(grown(0.2, 0.5, 0.4)).cleaning.any());

    // Models of others, reduction, linear light and Acuity's own results are left alone,
    CHECK_FALSE(cleaned(noisy(20), kTheirs).cleaning.any());
    CHECK_FALSE(cleaned(noisy(20), kLanczos).cleaning.any());
    Wishes wishes;
    wishes.size.width = 200;
    CHECK_FALSE(cleaned(noisy(20), kOurs, wishes).cleaning.any());
    // unless somebody asks.
    wishes = enlarging(4);
    wishes.noise = 0.5;
    CHECK(cleaned(sharp(), kTheirs, wishes).cleaning == Cleaning{0.4, 0.6, 0, 0});
    wishes.noise = 0;
    CHECK_FALSE(cleaned(noisy(20), kOurs, wishes).cleaning.any());
    wishes.compression = 0.3;
    wishes.blur = 0.1;
    CHECK(cleaned(noisy(20), kOurs, wishes).cleaning == Cleaning{0, 0, 0.3, 0.1});
    CHECK(fromJson(toJson(cleaned(noisy(20), kOurs, wishes))).cleaning == Cleaning{0, 0, 0.3, 0.1});
    // Each dial keeps only its own reason to shrink.
    wishes = enlarging(4);
    wishes.noise = 0;
    Evidence enlarged = evidence();
    enlarged.damage = grown(0.95, 0.5);
    CHECK(decide(enlarged, wishes, {kOurs, {}, ""}).start == Dimensions{200, 150});
    enlarged.damage = noisy(20);
    CHECK(decide(enlarged, wishes, {kOurs, {}, ""}).start == Dimensions{400, 300});
    wishes.noise.reset();
    wishes.blur = 0;
    CHECK(decide(enlarged, wishes, {kOurs, {}, ""}).start == Dimensions{280, 210});
    wishes = enlarging(4);
    wishes.noise = 1;
    CHECK_THROWS_AS(decide(evidence(), wishes, {kOurs, {}, ""}), Error);
    CHECK(noiseOf(withNoise({}, 0.5)) == Approx(0.5).margin(0.02));
}

TEST_CASE("noise is shrunk away where it hides more than shrinking loses") {
    CHECK(with(noisy(1)).start == Dimensions{400, 300});
    CHECK(with(noisy(4)).start == Dimensions{400, 300});
    CHECK(with(noisy(8)).start == Dimensions{340, 255});
    CHECK(with(noisy(20)).start == Dimensions{280, 210});
    CHECK(with(noisy(60)).start == Dimensions{200, 150});
    CHECK(says(with(noisy(20)), "noise"));
    const Plan plan = with(noisy(20));
    CHECK(plan.target.full == Dimensions{1600, 1200});           // the size asked for stays
    CHECK(plan.binding == Binding{ops::Kernel::bicubic, 1, 1});  // to what was shrunk
}

TEST_CASE("what was enlarged before goes back to its detail, if both signs are plain") {
    CHECK(with(grown(0.97, 0.5)).start == Dimensions{200, 150});
    CHECK(says(with(grown(0.97, 0.5)), "enlarged before"));
    CHECK(with(grown(0.7, 0.5)).start == Dimensions{400, 300});        // it may be soft only
    CHECK(with(grown(0.97, 0.9)).start == Dimensions{400, 300});       // hardly anything to gain
    CHECK(with(grown(0.97, 0.5, 0.2)).start == Dimensions{400, 300});  // not sure of the detail
    CHECK(with(grown(0.97, 0.01)).start == Dimensions{100, 75});
    diagnose::Damage both = grown(0.97, 0.6);
    both.lumaNoise = {20, 1};
    CHECK(with(both).start == Dimensions{240, 180});  // the smaller one
}

TEST_CASE("a former enlargement that explains the picture is undone before all else") {
    Evidence found = evidence();
    found.damage = doubled();
    const auto decided = [&](const ModelChoice& choice = kOurs,
                             const Wishes& wishes = enlarging(4)) {
        return decide(found, wishes, {choice, kOurs, "clean"});
    };
    CHECK(decided().wanted == Measure::damageBefore);
    found.jpegQuality = 50;  // of the file, whose blocks are gone with the enlargement
    found.damageBefore = noisy(8);
    CHECK(decided().wanted == Measure::reductionBefore);
    found.reductionBefore = by(ops::Kernel::box);
    const Plan plan = decided();
    CHECK_FALSE(plan.wanted);
    CHECK(plan.undoes == ops::Kernel::bilinear);
    CHECK(plan.start == Dimensions{200, 150});
    CHECK(plan.target.full == Dimensions{1600, 1200});
    CHECK(plan.cleaning == Cleaning{0.32, 0, 0, 0});  // as it was before
    CHECK(plan.binding == Binding{ops::Kernel::box, 1, 1});
    CHECK(plan.steps.back().pass.size == plan.target.full);
    CHECK(says(plan, "first brought back to 200x150"));
    CHECK(fromJson(toJson(plan)) == plan);
    CHECK(decided(kTheirs).undoes == ops::Kernel::bilinear);
    CHECK_FALSE(decided(kTheirs).cleaning.any());

    CHECK_FALSE(decided(kLanczos).undoes);
    CHECK_FALSE(decided(kOurs, enlarging(1)).undoes);
    Wishes wishes = enlarging(4);
    wishes.prescale = 1;
    CHECK_FALSE(decided(kOurs, wishes).undoes);
    const auto withFormer = [&](auto change) {
        found.damage = doubled();
        change(*found.damage);
        return decided().undoes.has_value();
    };
    CHECK(withFormer([](diagnose::Damage&) {}));
    CHECK_FALSE(withFormer([](diagnose::Damage& d) { d.enlarged = 0.4; }));
    CHECK_FALSE(withFormer([](diagnose::Damage& d) { d.former.dropAcross = 0.1; }));
    found.pages = true;
    CHECK_FALSE(withFormer([](diagnose::Damage&) {}));
    found.pages = false;
    CHECK_FALSE(withFormer([](diagnose::Damage& d) { d.former.outside = 80; }));
    found.damage = doubled();
    found.history = codec::Provenance{2, 400, 300, "box", {}};
    CHECK_FALSE(decided().undoes);
}

TEST_CASE("too small a picture shows nothing and is left alone") {
    diagnose::Damage damage = grown(1, 0.3);
    damage.known = false;
    CHECK(prescaleFor(damage, true, true).ratio == 1);
}

TEST_CASE("what a person says goes before what the picture shows") {
    Evidence found = evidence();
    found.damage = noisy(20);
    Wishes wishes = enlarging(4);
    wishes.prescale = 1;
    CHECK(decide(found, wishes, {kOurs, {}}).start == Dimensions{400, 300});
    wishes.prescale = 0.5;
    const Plan half = decide(found, wishes, {kOurs, {}});
    CHECK(half.start == Dimensions{200, 150});
    CHECK(half.because.empty());
    wishes = enlarging(4);
    wishes.reducedBy = ops::Kernel::box;
    found.damage = sharp();
    CHECK(decide(found, wishes, {kOurs, {}}).binding.reduction == ops::Kernel::box);
    wishes.consistency = 0;
    CHECK(decide(found, wishes, {kOurs, {}}).binding.strength == 0);
    wishes.passes = 2;
    CHECK(decide(found, wishes, {kOurs, {}}).steps.size() == 2);
}

TEST_CASE("measures are wanted one after the other, and only where something depends on them") {
    Evidence found;
    found.source = {400, 300};
    CHECK(decide(found, enlarging(4), {kOurs, {}}).wanted == Measure::damage);
    found.damage = sharp();
    CHECK(decide(found, enlarging(4), {kOurs, {}}).wanted == Measure::reduction);
    found.reduction = by(ops::Kernel::lanczos);
    CHECK_FALSE(decide(found, enlarging(4), {kOurs, {}}).wanted);
    CHECK(decide(found, enlarging(4), {kTheirs, kOurs}).wanted == Measure::lettering);

    found = Evidence();
    found.source = {400, 300};
    CHECK_FALSE(decide(found, enlarging(4), {kLanczos, kOurs}).wanted);
    CHECK_FALSE(decide(found, enlarging(1), {kOurs, {}}).wanted);
    found.linear = true;
    CHECK_FALSE(decide(found, enlarging(4), {kOurs, {}}).wanted);
    CHECK(decide(found, enlarging(4), {kOurs, {}}).binding.strength == 0);
    found.linear = false;
    Wishes wishes = enlarging(4);
    wishes.prescale = 0.7;  // what made it smaller is known, then
    CHECK_FALSE(decide(found, wishes, {kOurs, {}}).wanted);
}

TEST_CASE("a picture that tells its history goes back to where it began") {
    Evidence found = evidence();
    found.damage = noisy(20);  // the history knows better
    found.history = codec::Provenance{2, 400, 300, "box", {}};
    const Plan plan = decide(found, enlarging(4), {kOurs, {}});
    CHECK(plan.start == Dimensions{200, 150});
    CHECK(plan.shrinking == ops::Kernel::box);
    CHECK(plan.enlargedBefore == 2);
    CHECK(says(plan, "its size before it was enlarged"));
    found.source = {200, 150};  // somebody has halved it since
    CHECK(decide(found, enlarging(4), {kOurs, {}}).start == Dimensions{200, 150});
    found.source = {200, 100};  // a part of it: nothing is known
    CHECK(decide(found, enlarging(4), {kOurs, {}}).start == Dimensions{200, 100});
}

TEST_CASE("lettering is left to the faithful models where the model is somebody else's") {
    Evidence found = evidence();
    found.textShare = 0.1;
    const Plan plan = decide(found, enlarging(4), {kTheirs, kOurs});
    CHECK(plan.steps.front().model == "gan.pth");
    CHECK(plan.lettering.apart);
    REQUIRE(plan.lettering.steps.size() == 1);
    CHECK(plan.lettering.steps.front().model == "faithful-x4");
    CHECK(plan.binding == Binding{ops::Kernel::bicubic, 0, 1});
    CHECK_FALSE(decide(found, enlarging(4), {kOurs, {}}).lettering.apart);  // bound everywhere
    CHECK_THROWS_AS(decide(found, enlarging(4), {kTheirs, {}}), Error);
    found.textShare = 0;
    CHECK_FALSE(decide(found, enlarging(4), {kTheirs, {}}).lettering.apart);
    found.textShare = 0.1;
    Wishes wishes = enlarging(4);
    wishes.protectText = false;
    CHECK_FALSE(decide(found, wishes, {kTheirs, kOurs}).lettering.apart);
    wishes = enlarging(4);
    wishes.consistency = 0.5;  // ours, but less bound than lettering wants to be
    const Plan loose = decide(found, wishes, {kOurs, {}});
    CHECK(loose.lettering.apart);
    CHECK(loose.lettering.steps.empty());
    CHECK(loose.binding == Binding{ops::Kernel::bicubic, 0.5, 1});
}

TEST_CASE("passes lead to exactly the size asked for") {
    for (const auto& damage : {sharp(), noisy(20), grown(0.97, 0.4), doubled()})
        for (const int passes : {0, 1, 2, 3})
            for (double factor = 1.01; factor <= 64; factor *= 1.13) {
                Evidence found = evidence();
                found.damage = damage;
                Wishes wishes = enlarging(factor);
                wishes.passes = passes;
                const Plan plan = decide(found, wishes, {kOurs, {}});
                INFO(factor << " in " << passes);
                REQUIRE(!plan.steps.empty());
                CHECK(plan.steps.back().pass.size == plan.target.full);
                CHECK(plan.target.full ==
                      Dimensions{int(std::lround(400 * factor)), int(std::lround(300 * factor))});
                Dimensions at = plan.start;
                for (const Step& step : plan.steps) {
                    // A network's result is reduced or stays as it is.
                    if (!step.model.empty())
                        CHECK(at.width * step.pass.scale >= step.pass.size.width);
                    at = step.pass.size;
                }
            }
}

TEST_CASE("a plan comes back from JSON as it was") {
    Evidence found = evidence();
    found.textShare = 0.1;
    Wishes cover = enlarging(4);
    cover.size = {};
    cover.size.width = cover.size.height = 700;
    cover.size.fit = Fit::cover;
    Evidence fresh;
    fresh.source = {40, 30};
    for (const Plan& plan :
         {with(sharp()), with(noisy(20)), with(grown(0.97, 0.5)),
          decide(found, enlarging(4), {kTheirs, kOurs}), decide(found, cover, {kOurs, {}}),
          decide(found, enlarging(3), {kLanczos, kOurs}),
          decide(fresh, enlarging(4), {kOurs, {}})}) {
        const json object = toJson(plan);
        CHECK(fromJson(json::parse(object.dump())) == plan);
    }
}

TEST_CASE("a plan that is not one is refused, with the field's name") {
    const json good = toJson(with(noisy(20)));
    REQUIRE_NOTHROW(fromJson(good));
    for (const auto& [name, value] : good.items()) {
        json missing = good;
        missing.erase(name);
        INFO(name);
        CHECK(refusal(missing) == Kind::input);
        json wrong = good;
        wrong[name] = json{{"no", "such"}};
        CHECK(refusal(wrong) == Kind::input);
    }
    const auto changed = [&](const char* name, json value) {
        json object = good;
        object[name] = std::move(value);
        return refusal(object);
    };
    CHECK(changed("creativeness", 3) == Kind::input);
    CHECK(changed("width", 0) == Kind::input);
    CHECK(changed("width", 1e12) == Kind::input);
    CHECK(changed("width", 40.5) == Kind::input);
    CHECK(changed("factor", 65) == Kind::input);
    CHECK(changed("consistency", -0.1) == Kind::input);
    CHECK(changed("reducedBy", "magic") == Kind::input);
    CHECK(changed("wanted", "more") == Kind::input);
    json deep = good;
    deep["passes"][0]["why"] = "because";
    CHECK(refusal(deep) == Kind::input);
    CHECK(refusal(json::array()) == Kind::input);
    CHECK(refusal(json(3)) == Kind::input);
}
