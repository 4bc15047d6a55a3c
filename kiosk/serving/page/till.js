// What the page adds to textual-serve's terminal: keys go to it at once and in one piece, a lost connection is
// told and mended, a bell is heard.
"use strict";

const TAKEN = 4001, ENDED = 4002;
const LOST = "和终端的连接断了，正在重新连接，请稍候；没办完的事还在，不用重做";
const LEFT = "终端已退出";
const RETRY = 2000, RETRY_ENDED = 10000;      // ms
const SILENCE = 45;                           // ms: two keys closer than this are a scanner's
const ESTABLISHED = 4, IN_BURST = 100;        // keys after which a busy tablet may have later ones wait; ms
const COLUMNS = 80, SMALLEST = 14, LARGEST = 28;  // cells wanted, and the type that may be used for it, px

const page = {};

// One name for this window, which it keeps when it is loaded anew, but not when it is copied.
function windowName() {
  let name = sessionStorage.getItem("window");
  if (!name || performance.getEntriesByType("navigation")[0]?.type !== "reload") {
    name = Array.from(crypto.getRandomValues(new Uint8Array(12)), b => b.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("window", name);
  }
  return name;
}

// The terminal opens its socket through this.
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
        if (event.data.byteLength === 1 && new Uint8Array(event.data)[0] === 7) bell();
      }
    });
    this.addEventListener("close", event => closed(event.code, this.said));
  }

  // A scanner's keys leave together, however unsteady the radio: only here is it known how fast they came.
  send(text) {
    if (this.readyState !== WebSocket.OPEN) return;
    const [kind, keys] = JSON.parse(text);
    if (kind !== "stdin") return super.send(text);
    clearTimeout(this.timer);
    this.held += keys;
    const patience = this.held.length < ESTABLISHED ? SILENCE : IN_BURST;
    if (/^[\x20-\x7e]+$/.test(keys)) this.timer = setTimeout(() => this.flush(), patience);
    else this.flush();
  }

  flush() {
    if (!this.held || this.readyState !== WebSocket.OPEN) return;
    super.send(JSON.stringify(["stdin", this.held]));
    this.held = "";
  }
};

function bell() {
  page.audio ??= new AudioContext();
  const sound = page.audio.createOscillator(), volume = page.audio.createGain();
  sound.frequency.value = 880;
  volume.gain.value = 0.2;
  sound.connect(volume).connect(page.audio.destination);
  sound.start();
  sound.stop(page.audio.currentTime + 0.09);
  document.documentElement.dataset.bells = Number(document.documentElement.dataset.bells ?? 0) + 1;
}

function closed(code, said) {
  page.notice.hidden = false;
  page.sentence.textContent = code === TAKEN || code === ENDED ? said || LEFT : LOST;
  page.again.hidden = code !== ENDED;
  if (code === ENDED && !said) page.again.focus();
  else setTimeout(comeBack, code === ENDED ? RETRY_ENDED : RETRY);
}

// Load anew once this window would get the till.
async function comeBack() {
  try {
    const answer = await fetch(`/free/${page.name}`, { cache: "no-store" });
    if (answer.ok) return location.reload();
    page.sentence.textContent = await answer.text();
  } catch {
    page.sentence.textContent = LOST;
  }
  setTimeout(comeBack, RETRY);
}

document.addEventListener("DOMContentLoaded", () => {
  const at = id => document.getElementById(id);
  const terminal = at("terminal"), keyboard = at("keyboard");
  Object.assign(page, { name: windowName(), notice: at("notice"), sentence: at("sentence"), again: at("again") });
  terminal.dataset.sessionWebsocketUrl = `${location.origin.replace(/^http/, "ws")}/till/${page.name}`;
  terminal.dataset.fontSize = Math.round(Math.min(Math.max(innerWidth / COLUMNS / 0.6, SMALLEST), LARGEST));
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
  // A scanner types at any moment: nothing else keeps the keys.
  for (const moment of ["focus", "pageshow", "pointerup"]) {
    window.addEventListener(moment, () => { if (page.notice.hidden) page.focus(); });
  }
});
