//! The thread that receives OSC messages and sends parameter changes as feedback.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _, UdpSocket},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    Inbox, PendingInput, commands,
    osc::{MAX_PACKET, Message, decode},
};

/// Maximum delay from a parameter's change to its feedback, and from shutdown to the thread's end.
const TICK: Duration = Duration::from_millis(20);

/// The port to listen on, and the feedback's receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// 0 for any free port.
    pub port: u16,
    /// Accept messages from other machines, not only from this one.
    pub from_network: bool,
    /// Host and port for feedback; empty for none.
    pub feedback: String,
}

/// A listening thread. Dropping the handle ends it.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    inbox: Inbox,
    stop: AtomicBool,
    /// Pending feedback, the latest number per address.
    outgoing: Mutex<BTreeMap<String, f32>>,
    /// The feedback's receiver, once the name is resolved.
    target: OnceLock<SocketAddr>,
    /// Why feedback cannot be sent, if so.
    feedback_error: Mutex<Option<String>>,
}

impl Server {
    /// Start listening. `wake` is called for input that arrives when nothing is pending.
    ///
    /// # Errors
    ///
    /// If the port is taken or forbidden, or a thread cannot be started.
    pub fn listen(address: &Address, wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        Self::listen_with(address, wake, resolve)
    }

    /// The same with another name resolution.
    fn listen_with(
        address: &Address,
        wake: impl Fn() + Send + Sync + 'static,
        resolve: impl FnOnce(&str) -> Result<SocketAddr, String> + Send + 'static,
    ) -> io::Result<Self> {
        let from = if address.from_network { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let socket = UdpSocket::bind((from, address.port))?;
        socket.set_read_timeout(Some(TICK))?;
        let port = socket.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let wake = Arc::new(wake);
        let feedback = address.feedback.trim().to_owned();
        if !feedback.is_empty() {
            // Resolving a name may take long: neither the window nor incoming messages wait for it.
            let (thread_shared, wake) = (Arc::clone(&shared), Arc::clone(&wake));
            thread::Builder::new().name("impasto-osc-name".into()).spawn(move || {
                match resolve(&feedback) {
                    Ok(target) => drop(thread_shared.target.set(target)),
                    Err(text) => {
                        *thread_shared.feedback_error.lock().unwrap_or_else(PoisonError::into_inner) =
                            Some(text);
                        wake();
                    }
                }
            })?;
        }
        let thread_shared = Arc::clone(&shared);
        thread::Builder::new()
            .name("impasto-osc".into())
            .spawn(move || run(&socket, &thread_shared, &*wake))?;
        Ok(Self { port, shared })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Take the input since the last call.
    pub fn take(&self) -> PendingInput {
        self.shared.inbox.take()
    }

    /// Queue feedback of a number for an address; only the latest per address is sent. Never waits.
    pub fn send(&self, address: String, number: f32) {
        let mut outgoing = self.shared.outgoing.lock().unwrap_or_else(PoisonError::into_inner);
        outgoing.insert(address, number);
    }

    /// Why feedback cannot be sent, if so.
    pub fn feedback_error(&self) -> Option<String> {
        self.shared.feedback_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

fn run(socket: &UdpSocket, shared: &Shared, wake: &impl Fn()) {
    let mut buffer = vec![0; MAX_PACKET + 1];
    let mut last_sent = Instant::now();
    while !shared.stop.load(Ordering::Relaxed) {
        match socket.recv_from(&mut buffer) {
            Ok((length, _)) => {
                let mut waking = false;
                match decode(&buffer[..length]) {
                    None => waking |= shared.inbox.put(None),
                    Some(messages) => {
                        for message in &messages {
                            waking |= shared.inbox.put(commands::parse(message));
                        }
                    }
                }
                if waking {
                    wake();
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            // Some systems report here that a previous send had no receiver.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(_) => thread::sleep(TICK),
        }
        if last_sent.elapsed() >= TICK {
            last_sent = Instant::now();
            // Until the receiver is resolved, keep the latest value per address.
            if let Some(target) = shared.target.get() {
                let outgoing =
                    std::mem::take(&mut *shared.outgoing.lock().unwrap_or_else(PoisonError::into_inner));
                for (address, number) in outgoing {
                    // The receiver may come up later: losing a datagram does no harm.
                    let _ = socket.send_to(&Message::encode(&address, number), target);
                }
            }
        }
    }
}

fn resolve(feedback: &str) -> Result<SocketAddr, String> {
    let addresses = feedback
        .to_socket_addrs()
        .map_err(|error| format!("{feedback} is not a host:port that feedback can be sent to: {error}"))?;
    // A socket bound to an IPv4 address cannot send to an IPv6 one.
    addresses.into_iter().find(SocketAddr::is_ipv4).ok_or_else(|| format!("{feedback} has no IPv4 address"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::commands::{ParamInput, RemoteCommand};
    use impasto_core::settings::ParamId;

    fn server(feedback: &str) -> (Server, Arc<AtomicU32>) {
        let wakes = Arc::new(AtomicU32::new(0));
        let thread_shared = Arc::clone(&wakes);
        let address = Address { port: 0, from_network: false, feedback: feedback.to_owned() };
        let server = Server::listen(&address, move || {
            thread_shared.fetch_add(1, Ordering::Relaxed);
        });
        (server.unwrap(), wakes)
    }

    fn has(pending: &PendingInput, param: ParamId) -> bool {
        pending.params.iter().any(|(set, _)| *set == param.into())
    }

    #[track_caller]
    fn until(what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !done() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn messages_arrive_over_the_loopback_and_malformed_ones_are_counted() {
        let (server, wakes) = server("");
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let to = (Ipv4Addr::LOCALHOST, server.port());
        for packet in [
            &Message::encode("/impasto/beta", 0.25)[..],
            b"/impasto/play\0\0\0,\0\0\0",
            b"nonsense",
            &[],
            &Message::encode("/impasto/gamma", 1.0),
            &Message::encode("/impasto/beta", 0.5),
        ] {
            sender.send_to(packet, to).unwrap();
        }
        let (mut params, mut commands) = (BTreeMap::new(), Vec::new());
        until("everything has arrived", || {
            let pending = server.take();
            params.extend(pending.params);
            commands.extend(pending.commands);
            (pending.accepted, pending.ignored) == (3, 3)
        });
        assert_eq!(params, [(ParamId::Beta.into(), ParamInput::Position(0.5))].into());
        assert_eq!(commands, [RemoteCommand::Play]);
        assert!(wakes.load(Ordering::Relaxed) >= 1);
        assert_eq!(server.feedback_error(), None);
    }

    #[test]
    fn a_flood_wakes_the_window_once_until_it_has_looked() {
        let (server, wakes) = server("");
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let to = (Ipv4Addr::LOCALHOST, server.port());
        for index in 0..5000u32 {
            sender.send_to(&Message::encode("/impasto/beta", (index % 100) as f32 / 100.0), to).unwrap();
        }
        // The system may drop some of it; the last one sent now is not among them.
        until("the flood is over", || {
            sender.send_to(&Message::encode("/impasto/alpha", 0.75), to).unwrap();
            has(&server.shared.inbox.peek(), ParamId::Alpha)
        });
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn feedback_sends_the_latest_value_of_each_address() {
        let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (server, _) = server(&format!("localhost:{}", listener.local_addr().unwrap().port()));
        for number in [0.1, 0.2, 0.3] {
            server.send("/impasto/beta".to_owned(), number);
        }
        let mut buffer = [0; 256];
        let mut last = 0.0;
        while last != f64::from(0.3f32) {
            let (length, _) = listener.recv_from(&mut buffer).unwrap();
            let message = decode(&buffer[..length]).unwrap().remove(0);
            assert_eq!(message.address, "/impasto/beta");
            last = message.number().unwrap();
        }
    }

    #[test]
    fn slow_name_resolution_blocks_nothing_and_feedback_is_sent_afterwards() {
        let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (answer, question) = std::sync::mpsc::channel::<SocketAddr>();
        let address = Address { feedback: "slow.example:9000".into(), ..Address::default() };
        let resolve = move |_: &str| question.recv().map_err(|error| error.to_string());
        let server = Server::listen_with(&address, || (), resolve).unwrap();
        server.send("/impasto/beta".to_owned(), 0.25);
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender
            .send_to(&Message::encode("/impasto/alpha", 0.5), (Ipv4Addr::LOCALHOST, server.port()))
            .unwrap();
        until("the message has come in", || has(&server.take(), ParamId::Alpha));
        answer.send(listener.local_addr().unwrap()).unwrap();
        let mut buffer = [0; 256];
        let (length, _) = listener.recv_from(&mut buffer).unwrap();
        assert_eq!(decode(&buffer[..length]).unwrap()[0].address, "/impasto/beta");
    }

    #[test]
    fn an_invalid_host_and_a_taken_port_are_reported() {
        let (first, _) = server("no port here");
        until("the trouble is told", || {
            first.feedback_error().is_some_and(|text| text.contains("no port here"))
        });
        let address = Address { port: first.port(), ..Address::default() };
        assert_eq!(
            Server::listen(&address, || ()).err().map(|error| error.kind()),
            Some(ErrorKind::AddrInUse)
        );
        // Dropping it frees the port.
        let port = first.port();
        drop(first);
        until("the port is free", || Server::listen(&Address { port, ..Address::default() }, || ()).is_ok());
    }
}
