//! Who is at the other end, as far as an address says.
//!
//! Behind a proxy every connection comes from the proxy. With [`Settings::trust_proxy`] the address is what the proxy says of its own
//! client: the last one of `X-Forwarded-For`, since everything before it is what that client claimed.
//!
//! [`Settings::trust_proxy`]: crate::Settings::trust_proxy

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whoever may have one address has these: one IPv4 address, or one IPv6 network of 64 bits, which is the least that is given
/// out and holds more addresses than could be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Neighbourhood(IpAddr);

impl From<IpAddr> for Neighbourhood {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Neighbourhood(address.into()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Neighbourhood(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
        }
    }
}

/// Lets the rest of the relay see the proxy's client where it would see the proxy.
pub(crate) async fn believe_proxy(mut request: Request, next: Next) -> Response {
    if let Some(address) = forwarded(request.headers()) {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    next.run(request).await
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    let with_port = || last.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || last.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    last.parse().ok().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_proxys_own_word_counts_and_what_its_client_claimed_does_not() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            lines.iter().for_each(|line| {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            });
            forwarded(&headers).map(|address| address.to_string())
        };
        assert_eq!(of(&["192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&["10.0.0.1, 192.0.2.7"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&["10.0.0.1", "192.0.2.7:4711"]).as_deref(), Some("192.0.2.7"));
        assert_eq!(of(&["[2001:db8::1]:80"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&["[2001:db8::1]"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["10.0.0.1, unknown"]), None, "no earlier one stands in for it");
    }

    #[test]
    fn neighbours_of_one_network_count_as_one() {
        let of = |text: &str| Neighbourhood::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.8"), of("192.0.2.7"));
    }
}
