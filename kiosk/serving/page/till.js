// What the page adds to textual-serve's terminal: keyboard focus, scans in one piece, reconnecting, a bell.
"use strict";

const IN_USE = 4001, ENDED = 4002;            // close codes of the server
const LOST = "和终端的连接断了，正在重新连接，请稍候；没办完的事还在，不用重做";
const QUIT = "终端已退出";
const RETRY = 2000, RETRY_ENDED = 10000;      // ms
const SCANNER_GAP = 45;                       // ms: two keys closer than this are a scanner's
const ESTABLISHED = 4, BURST_GAP = 100;       // after so many keys the gap may be longer, on a busy tablet; ms
const COLUMNS = 80, MIN_FONT = 14, MAX_FONT = 28;  // cells, px

const page = {};

// This window's name, kept on reload, but not in a copy of the window.
function windowName() {
  let name = sessionStorage.getItem("window");
  if (!name || performance.getEntriesByType("navigation")[0]?.type !== "reload") {
    name = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("window", name);
  }
  return name;
}

// The terminal opens its web socket through this class.
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.said = "";
    this.held = "";
    this.addEventListener("message", event => {
      if (typeof event.data === "string") {
        const [kind, value] = JSON.parse(event.data);
        if (kind === "said") this.said = value;
      } else {
        page.notice.hidden = true;
        page.focus();
        if (event.data.byteLength === 1 && new Uint8Array(event.data)[0] === 7) ringBell();
      }
    });
    this.addEventListener("close", event => showClosed(event.code, this.said));
  }

  // A scan is sent in one piece: on the way its keys' timing would be lost. GS stands between the parts of a GS1 code.
  send(text) {
    if (this.readyState !== WebSocket.OPEN) return;
    const [kind, keys] = JSON.parse(text);
    if (kind !== "stdin") return super.send(text);
    clearTimeout(this.timer);
    this.held += keys;
    const gap = this.held.length < ESTABLISHED ? SCANNER_GAP : BURST_GAP;
    if (/^[\x1d\x20-\x7e]+$/.test(keys)) this.timer = setTimeout(() => this.flush(), gap);
    else this.flush();
  }

  flush() {
    if (!this.held || this.readyState !== WebSocket.OPEN) return;
    super.send(JSON.stringify(["stdin", this.held]));
    this.held = "";
  }
};

function ringBell() {
  page.audio ??= new AudioContext();
  const sound = page.audio.createOscillator(), volume = page.audio.createGain();
  sound.frequency.value = 880;
  volume.gain.value = 0.2;
  sound.connect(volume).connect(page.audio.destination);
  sound.start();
  sound.stop(page.audio.currentTime + 0.09);
  document.documentElement.dataset.bells = Number(document.documentElement.dataset.bells ?? 0) + 1;
}

function showClosed(code, said) {
  page.notice.hidden = false;
  page.sentence.textContent = code === IN_USE || code === ENDED ? said || QUIT : LOST;
  page.again.hidden = code !== ENDED;
  if (code === ENDED && !said) page.again.focus();
  else setTimeout(reconnect, code === ENDED ? RETRY_ENDED : RETRY);
}

// Reload once this window would get the kiosk.
async function reconnect() {
  try {
    const answer = await fetch(`/free/${page.name}`, { cache: "no-store" });
    if (answer.ok) return location.reload();
    page.sentence.textContent = await answer.text();
  } catch {
    page.sentence.textContent = LOST;
  }
  setTimeout(reconnect, RETRY);
}

document.addEventListener("DOMContentLoaded", () => {
  const at = id => document.getElementById(id);
  const terminal = at("terminal"), keyboard = at("keyboard");
  Object.assign(page, { name: windowName(), notice: at("notice"), sentence: at("sentence"), again: at("again") });
  terminal.dataset.sessionWebsocketUrl = `${location.origin.replace(/^http/, "ws")}/till/${page.name}`;
  terminal.dataset.fontSize = Math.round(Math.min(Math.max(innerWidth / COLUMNS / 0.6, MIN_FONT), MAX_FONT));
  page.keys = () => terminal.querySelector("textarea");
  page.focus = () => {
    const keys = page.keys();
    if (!keys || document.activeElement === keys) return;
    keys.inputMode = keyboard.getAttribute("aria-pressed") === "true" ? "numeric" : "none";
    keys.focus();
  };
  keyboard.addEventListener("click", () => {
    keyboard.setAttribute("aria-pressed", String(keyboard.getAttribute("aria-pressed") !== "true"));
    page.keys()?.blur();
    page.focus();
  });
  page.again.addEventListener("click", () => location.reload());
  // A scanner may type at any moment: the terminal always has the focus.
  for (const moment of ["focus", "pageshow", "pointerup"]) {
    window.addEventListener(moment, () => { if (page.notice.hidden) page.focus(); });
  }
});
