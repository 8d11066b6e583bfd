#include "etcd_link.hpp"

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include "whole_file.hpp"

namespace casement::engine {

namespace rpc = etcdserverpb;

namespace {

using std::chrono::milliseconds;

// Before one that is not connected yet is left for another, while it goes on connecting; and
// between rounds of them all.
constexpr milliseconds connect_time_max{100}, between_rounds{50};
// A read that is not answered is asked elsewhere after this part of the whole time.
constexpr int read_attempts = 3;
// And then for fewer rows, lest they are too many to come in time: the last attempt is for one.
constexpr std::int64_t fewer_rows = 32;

constexpr std::string_view name_of(grpc::StatusCode code) {
    switch (code) {
        case grpc::StatusCode::OK: return "OK";
        case grpc::StatusCode::CANCELLED: return "CANCELLED";
        case grpc::StatusCode::UNKNOWN: return "UNKNOWN";
        case grpc::StatusCode::INVALID_ARGUMENT: return "INVALID_ARGUMENT";
        case grpc::StatusCode::DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
        case grpc::StatusCode::NOT_FOUND: return "NOT_FOUND";
        case grpc::StatusCode::ALREADY_EXISTS: return "ALREADY_EXISTS";
        case grpc::StatusCode::PERMISSION_DENIED: return "PERMISSION_DENIED";
        case grpc::StatusCode::RESOURCE_EXHAUSTED: return "RESOURCE_EXHAUSTED";
        case grpc::StatusCode::FAILED_PRECONDITION: return "FAILED_PRECONDITION";
        case grpc::StatusCode::ABORTED: return "ABORTED";
        case grpc::StatusCode::OUT_OF_RANGE: return "OUT_OF_RANGE";
        case grpc::StatusCode::UNIMPLEMENTED: return "UNIMPLEMENTED";
        case grpc::StatusCode::INTERNAL: return "INTERNAL";
        case grpc::StatusCode::UNAVAILABLE: return "UNAVAILABLE";
        case grpc::StatusCode::DATA_LOSS: return "DATA_LOSS";
        case grpc::StatusCode::UNAUTHENTICATED: return "UNAUTHENTICATED";
        default: return "?";
    }
}

/// GRPC takes a time of day, and turns it into a time to wait at once.
std::chrono::system_clock::time_point from_now(etcd_link::clock::duration wait) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(wait);
}

grpc::ChannelArguments arguments() {
    grpc::ChannelArguments a;
    a.SetMaxReceiveMessageSize(-1);  // pages are bounded by rows
    a.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    a.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    a.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    a.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    a.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
    a.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    // A watch notices by them that the other side is gone. Etcd takes one each 5 s at most.
    a.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
    a.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
    a.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // else it sends two, and no more
    return a;
}

result<std::string> contents_of(const std::string& file) {
    if (file.empty()) return std::string{};
    return whole_file(file);
}

result<std::shared_ptr<grpc::ChannelCredentials>> credentials(const etcd_options& options) {
    if (!options.tls) return grpc::InsecureChannelCredentials();
    auto authority = contents_of(options.tls->authority_file);
    auto certificate = contents_of(options.tls->certificate_file);
    auto key = contents_of(options.tls->key_file);
    for (auto* file : {&authority, &certificate, &key})
        if (!*file) return passed(*file);
    return grpc::SslCredentials({*authority, *key, *certificate});
}

/// What it has done is unknown to us, who look elsewhere.
grpc::Status of_another_cluster() {
    return {grpc::StatusCode::UNAVAILABLE, "another cluster answers there than at first"};
}

error failed(const std::string& endpoint, const grpc::Status& status, errc code) {
    return error{code, "ask", endpoint, in_words(status)};
}

}  // namespace

std::string in_words(const grpc::Status& status) {
    return std::string{name_of(status.error_code())} + ": " + status.error_message();
}

/// Etcd refuses most of what it refuses before it proposes it to the cluster, or before it applies
/// it. Not so where space is exceeded: the transaction that is the first to do that is applied.
/// Codes that gRPC or a proxy also gives, when a request may have been passed on, say nothing
/// without etcd's own words.
etcd_judgement judge(const grpc::Status& status) {
    const std::string text = status.error_message();
    const auto says = [&](std::string_view words) { return text.find(words) != text.npos; };
    switch (status.error_code()) {
        case grpc::StatusCode::OK: return {etcd_verdict::good};
        case grpc::StatusCode::UNAUTHENTICATED: return {etcd_verdict::stale};
        case grpc::StatusCode::INVALID_ARGUMENT:
            if (says("revision of auth store is old") || says("user name is empty"))
                return {etcd_verdict::stale};
            return {etcd_verdict::refused,
                    says("too large") || says("too many operations") ? errc::too_big : errc::io};
        case grpc::StatusCode::RESOURCE_EXHAUSTED:
            if (says("space exceeded")) return {etcd_verdict::lost, errc::no_space};
            if (says("received message larger than max"))
                return {etcd_verdict::refused, errc::too_big};
            return {says("etcdserver: too many requests") ? etcd_verdict::refused
                                                          : etcd_verdict::lost};
        case grpc::StatusCode::PERMISSION_DENIED:
            return {says("etcdserver: permission denied") ? etcd_verdict::refused
                                                          : etcd_verdict::lost};
        case grpc::StatusCode::FAILED_PRECONDITION: return {etcd_verdict::refused};
        case grpc::StatusCode::UNIMPLEMENTED: return {etcd_verdict::refused, errc::unsupported};
        case grpc::StatusCode::OUT_OF_RANGE:
            if (says("compacted")) return {etcd_verdict::compacted, errc::conflict};
            if (says("future revision")) return {etcd_verdict::ahead};
            return {etcd_verdict::lost};
        case grpc::StatusCode::UNAVAILABLE:
            if (says("etcdserver: no leader") || text.starts_with("failed to connect"))
                return {etcd_verdict::elsewhere};
            return {etcd_verdict::lost};
        default: return {etcd_verdict::lost};
    }
}

result<std::unique_ptr<etcd_link>> etcd_link::open(const etcd_options& options) {
    if (options.endpoints.empty())
        return fail(errc::illegal, "open store", options.prefix, "no endpoint is named");
    auto who = credentials(options);
    if (!who) return passed(who);
    std::unique_ptr<etcd_link> link{new etcd_link{options}};
    for (const auto& name : options.endpoints) {
        auto& e = link->endpoints_.emplace_back();
        e.name = name;
        e.channel = grpc::CreateCustomChannel(name, *who, arguments());
        e.kv = rpc::KV::NewStub(e.channel);
        e.watch = rpc::Watch::NewStub(e.channel);
        e.auth = rpc::Auth::NewStub(e.channel);
        (void)e.channel->GetState(true);  // so that it is connected when another fails
    }
    return link;
}

/// For one that is connected, if there is one; else for the next.
void etcd_link::leave(endpoint& failed) {
    failed.ours = false;  // whoever is there the next time
    auto now = here_.load();
    const auto after = [&](std::size_t n) -> endpoint& {
        return endpoints_[(now + n) % endpoints_.size()];
    };
    if (&after(0) != &failed) return;
    std::size_t step = 1;
    while (step < endpoints_.size() && after(step).channel->GetState(true) != GRPC_CHANNEL_READY)
        ++step;
    here_.compare_exchange_strong(now, now + (step < endpoints_.size() ? step : 1));
}

/// As whom, which is answered.
std::string etcd_link::introduce(grpc::ClientContext& context) {
    // A member that has lost its leader then says so at once.
    context.AddMetadata("hasleader", "true");
    auto token = this->token();
    if (!token.empty()) context.AddMetadata("token", token);
    return token;
}

std::string etcd_link::token() {
    const std::lock_guard lock{token_mutex_};
    return token_;
}

grpc::Status etcd_link::authenticate(endpoint& at, time until, const std::stop_token& stop) {
    rpc::AuthenticateRequest who;
    who.set_name(options_.user);
    who.set_password(options_.password);
    grpc::ClientContext context;
    context.set_deadline(from_now(until - clock::now()));
    const std::stop_callback stopped{stop, [&] { context.TryCancel(); }};
    rpc::AuthenticateResponse answer;
    auto status = at.auth->Authenticate(&context, who, &answer);
    ++authentications_;
    if (!status.ok()) return status;  // the token that others may have had meanwhile stays
    if (!is_ours(answer.header())) return of_another_cluster();
    const std::lock_guard lock{token_mutex_};
    token_ = answer.token();
    return status;
}

etcd_link::attempted etcd_link::try_at(endpoint& at, clock::duration time_max, const attempt& once,
                                       const std::stop_token& stop) {
    grpc::ClientContext context;
    context.set_deadline(from_now(time_max));
    const std::stop_callback stopped{stop, [&] { context.TryCancel(); }};
    auto as = introduce(context);
    rpc::ResponseHeader header;
    auto status = once(at, context, header);
    if (status.ok() && !(at.ours = is_ours(header))) status = of_another_cluster();
    const auto means = judge(status);
    return {{std::move(status), means, at.name}, std::move(as)};
}

/// Whoever is asked for a change makes it, also a cluster that is not ours. So one that has not
/// been heard yet is asked this first, and whatever becomes of it, nothing has changed.
etcd_link::attempted etcd_link::meet(endpoint& at, clock::duration time_max,
                                     const std::stop_token& stop) {
    rpc::RangeRequest anything;
    anything.set_key(options_.prefix + '\0');
    anything.set_keys_only(true);
    anything.set_serializable(true);
    const auto once = [&](endpoint& e, grpc::ClientContext& context, rpc::ResponseHeader& header) {
        rpc::RangeResponse answer;
        auto status = e.kv->Range(&context, anything, &answer);
        header = answer.header();
        return status;
    };
    auto met = try_at(at, time_max, once, stop);
    if (met.o.means.verdict == etcd_verdict::lost) met.o.means = {etcd_verdict::elsewhere};
    return met;
}

etcd_link::outcome etcd_link::ask(kind what, const attempt& once, time until,
                                  const std::stop_token& stop) {
    const clock::duration share = options_.call_time_max / read_attempts;
    // What was heard last; from one that is not connected, nothing is.
    outcome o{
        {grpc::StatusCode::UNAVAILABLE, "no connection"}, {etcd_verdict::elsewhere}, here().name};
    if (clock::now() >= until) {
        o.status = {grpc::StatusCode::DEADLINE_EXCEEDED, "no time is left of the call"};
        return o;
    }
    // Nobody knows what became of it. A full cluster has answered, and would elsewhere, too.
    const auto is_lost = [&] {
        return o.means.verdict == etcd_verdict::lost && o.means.code != errc::no_space;
    };
    bool told_who = false;
    for (std::size_t tries = 1;; ++tries) {
        auto& at = here();
        bool again = true;
        const bool connected = at.channel->WaitForConnected(
            from_now(std::min<clock::duration>(until - clock::now(), connect_time_max)));
        const auto left = until - clock::now();
        // What is sent when the time is over counts as lost, though nothing has become of it.
        if (connected && left.count() <= 0) return o;
        if (connected) {
            const bool meets = what != kind::read && !at.ours;
            auto tried =
                meets ? meet(at, std::min(left, share), stop)
                      : try_at(at, what == kind::change ? left : std::min(left, share), once, stop);
            if (meets && tried.o.means.verdict == etcd_verdict::good) continue;
            o = std::move(tried.o);
            if (o.means.verdict == etcd_verdict::stale) {
                o.means = {etcd_verdict::refused};
                if (options_.user.empty()) return o;
                if (tried.as != token()) continue;  // another thread has told it meanwhile
                if (std::exchange(told_who, true)) return o;
                const auto known = authenticate(at, until, stop);
                if (known.ok()) continue;
                o.status = known;
                o.means.verdict = judge(known).verdict == etcd_verdict::refused
                                      ? etcd_verdict::refused
                                      : etcd_verdict::elsewhere;
                told_who = o.means.verdict == etcd_verdict::refused;
            }
            again =
                o.means.verdict == etcd_verdict::elsewhere || (is_lost() && what != kind::change);
        }
        if (again || is_lost()) leave(at);
        if (!again || clock::now() >= until || stop.stop_requested()) return o;
        if (tries % endpoints_.size() == 0) std::this_thread::sleep_for(between_rounds);
    }
}

bool etcd_link::is_ours(const rpc::ResponseHeader& header) {
    std::uint64_t none = 0;
    return cluster_.compare_exchange_strong(none, header.cluster_id()) ||
           none == header.cluster_id();
}

template <class Response, class Call>
result<Response> etcd_link::read(bool of_past, time until, const std::stop_token& stop,
                                 const Call& call) {
    Response answer;
    const auto once = [&](bool anywhere) {
        return ask(
            kind::read,
            [&](endpoint& at, grpc::ClientContext& context, rpc::ResponseHeader& header) {
                auto status = call(at, context, anywhere, answer);
                header = answer.header();
                return status;
            },
            until, stop);
    };
    auto o = once(of_past);
    if (o.means.verdict == etcd_verdict::ahead && of_past) o = once(false);
    if (o.means.verdict != etcd_verdict::good)
        return std::unexpected{failed(o.asked, o.status, o.means.code)};
    return answer;
}

result<rpc::RangeResponse> etcd_link::range(rpc::RangeRequest request, time until,
                                            const std::stop_token& stop) {
    bool too_slow = false;
    return read<rpc::RangeResponse>(
        request.revision() > 0, until, stop,
        [&](endpoint& at, grpc::ClientContext& context, bool anywhere, rpc::RangeResponse& out) {
            request.set_serializable(anywhere);
            if (too_slow && request.limit() > 1)
                request.set_limit(std::max(request.limit() / fewer_rows, std::int64_t{1}));
            auto status = at.kv->Range(&context, request, &out);
            too_slow = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
            return status;
        });
}

result<rpc::TxnResponse> etcd_link::read_all(rpc::TxnRequest request, time until) {
    auto revision = request.success_size() > 0 ? request.success(0).request_range().revision() : 0;
    auto together = read<rpc::TxnResponse>(
        revision > 0, until, {},
        [&](endpoint& at, grpc::ClientContext& context, bool anywhere, rpc::TxnResponse& out) {
            for (auto& op : *request.mutable_success())
                op.mutable_request_range()->set_serializable(anywhere);
            return at.kv->Txn(&context, request, &out);
        });
    if (together || together.error().code() != errc::no_space) return together;
    rpc::TxnResponse all;
    all.set_succeeded(true);
    for (auto& op : *request.mutable_success()) {
        op.mutable_request_range()->set_revision(revision);
        auto one = range(op.request_range(), until);
        if (!one) return std::unexpected{one.error()};
        // Later headers are of their own moments.
        if (!all.has_header()) *all.mutable_header() = one->header();
        if (revision == 0) revision = one->header().revision();
        *all.add_responses()->mutable_response_range() = *std::move(one);
    }
    return all;
}

etcd_link::outcome etcd_link::send(kind what, const rpc::TxnRequest& request,
                                   rpc::TxnResponse& answer, time until) {
    const auto once = [&](endpoint& at, grpc::ClientContext& context, rpc::ResponseHeader& header) {
        auto status = at.kv->Txn(&context, request, &answer);
        header = answer.header();
        return status;
    };
    return ask(what, once, until);
}

result<rpc::TxnResponse> etcd_link::transact_idempotent(const rpc::TxnRequest& request,
                                                        time until) {
    rpc::TxnResponse answer;
    const auto o = send(kind::idempotent_change, request, answer, until);
    if (o.means.verdict != etcd_verdict::good)
        return std::unexpected{failed(o.asked, o.status, o.means.code)};
    return answer;
}

result<rpc::TxnResponse> etcd_link::transact(const rpc::TxnRequest& request, time until) {
    rpc::TxnResponse answer;
    const auto o = send(kind::change, request, answer, until);
    switch (o.means.verdict) {
        case etcd_verdict::good: break;
        case etcd_verdict::refused:
        case etcd_verdict::elsewhere:
        case etcd_verdict::stale: return std::unexpected{failed(o.asked, o.status, o.means.code)};
        default: return std::unexpected{failed(o.asked, o.status, errc::unknown_outcome)};
    }
    return answer;
}

std::unique_ptr<grpc::ClientReaderWriter<rpc::WatchRequest, rpc::WatchResponse>> etcd_link::watch(
    grpc::ClientContext& context) {
    (void)introduce(context);
    return here().watch->Watch(&context);
}

}  // namespace casement::engine
