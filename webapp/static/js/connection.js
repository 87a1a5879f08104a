// The socket of a run: replays missed events, passes on live ones, and reconnects after a loss.
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15000;
const SILENCE_MS = 45000;
const PING_MS = 20000;
const NOT_FOUND = 4404;

// `after()` returns the number of the last event; `onEvents(events)` receives batches; `onReset()`
// returns a promise that loads a new snapshot; `onStatus(status)` receives "live", "connecting" or
// "offline". When the server ends the right to view the run, the page is loaded again: it then is the
// sign-in page or says what is missing.
export function openConnection({ address, after, onEvents, onReset, onStatus }) {
  let socket = null;
  let wait = FIRST_WAIT_MS;
  let queue = [];
  let frame = null;
  let timer = null;
  let lastHeard = 0;
  let closed = false;
  let wasLive = false;

  function flush() {
    frame = null;
    const events = queue;
    queue = [];
    if (events.length > 0) onEvents(events);
  }

  function take(events) {
    queue.push(...events);
    // A timer, because a hidden tab has no animation frames but its state has to stay current.
    if (frame === null) frame = setTimeout(flush, 30);
  }

  async function reset() {
    queue = [];
    try {
      await onReset();
      again(0);
    } catch {
      again(wait);
    }
  }

  function again(delay) {
    drop();
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(connect, delay);
  }

  function drop() {
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
    socket = null;
  }

  function connect() {
    onStatus("connecting");
    socket = new WebSocket(`${address}?after=${after()}`);
    socket.onopen = () => {
      lastHeard = Date.now();
    };
    socket.onmessage = (message) => {
      lastHeard = Date.now();
      const data = JSON.parse(message.data);
      if (data.type === "hello") {
        wait = FIRST_WAIT_MS;
        wasLive = true;
        onStatus("live");
      } else if (data.type === "events") {
        onStatus("live");
        take(data.events);
      } else if (data.type === "reset") reset();
    };
    socket.onclose = ({ code }) => {
      socket = null;
      if (code === NOT_FOUND && wasLive) {
        location.reload();
        return;
      }
      onStatus(navigator.onLine === false ? "offline" : "connecting");
      again(wait * (0.7 + 0.6 * Math.random()));
      wait = Math.min(MAX_WAIT_MS, wait * 2);
      if (wait >= 4 * FIRST_WAIT_MS) onStatus("offline");
    };
  }

  const pulse = setInterval(() => {
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - lastHeard > SILENCE_MS) again(0);
    else socket.send('{"type":"ping"}');
  }, PING_MS);
  addEventListener("online", () => again(0));
  connect();
  return {
    close() {
      closed = true;
      clearInterval(pulse);
      clearTimeout(timer);
      drop();
    },
    reconnect: () => again(0),
  };
}
