// A rulebook's text in an editor that shows the check's messages where they belong. Without this script, or in a
// browser that is too old for it, the form is a plain one with the same list below.
"use strict";

(() => {
  const form = document.getElementById("draft");
  if (!window.ace || !("adoptedStyleSheets" in document)) return;

  const area = form.elements.text;
  const summary = document.getElementById("summary");
  const list = document.getElementById("problems");
  const place = `place of ${location.pathname}`;
  const saved = form.dataset.saved === "yes" ? area.value : null;

  // Ace writes <style> elements, which the page's policy forbids; as constructed sheets the styles may stay.
  const dom = ace.require("ace/lib/dom");
  const createElement = dom.createElement;
  dom.createElement = (name, namespace) => {
    if (name !== "style") return createElement(name, namespace);
    const carrier = createElement("ace-style");
    carrier.appendChild = (css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css.data);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    };
    return carrier;
  };

  const box = document.getElementById("editor");
  box.hidden = false;
  area.hidden = true;
  const editor = ace.edit(box, {
    mode: "ace/mode/toml",
    theme: "ace/theme/dawn",
    value: area.value,
    fontSize: 18,
    tabSize: 2,
    wrap: true,
    useWorker: false,
    showPrintMargin: false,
    readOnly: area.readOnly,
  });
  const { Range } = ace.require("ace/range");
  const session = editor.session;
  editor.textInput.getElement().setAttribute("aria-label", "规则正文");
  // Tab leaves the editor, as it leaves any other field.
  editor.commands.bindKeys({ Tab: null, "Shift-Tab": null });
  editor.commands.addCommand({
    name: "save",
    bindKey: { win: "Ctrl-S", mac: "Command-S" },
    exec: () => form.requestSubmit(),
  });

  let markers = [];
  function show(problems) {
    session.setAnnotations(
      problems.map((p) => ({
        row: p.line - 1,
        column: p.column - 1,
        text: p.message,
        type: p.kind === "error" ? "error" : "warning",
      })),
    );
    markers.forEach((id) => session.removeMarker(id));
    markers = problems.map((p) => {
      const word = session.getLine(p.line - 1).slice(p.column - 1).match(/^[\w.-]+|^./);
      const end = p.column - 1 + (word ? word[0].length : 1);
      return session.addMarker(new Range(p.line - 1, p.column - 1, p.line - 1, end), `wrong ${p.kind}`, "text");
    });
    const errors = problems.filter((p) => p.kind === "error").length;
    const advice = problems.length - errors;
    if (errors) summary.textContent = `有 ${errors} 处问题，改好才能提议。`;
    else if (advice) summary.textContent = `可以提议，有 ${advice} 处提示请先看看。`;
    else summary.textContent = "没有问题，可以提议。";
    summary.className = errors ? "flash refused" : "flash";
    list.replaceChildren(
      ...problems.map((p) => {
        const line = document.createElement("button");
        line.type = "button";
        line.className = "link";
        line.textContent = `第 ${p.line} 行`;
        line.addEventListener("click", () => go(p.line - 1, p.column - 1));
        const item = document.createElement("li");
        item.append(line, p.kind === "advice" ? ` 提示：${p.message}` : ` ${p.message}`);
        return item;
      }),
    );
  }

  function go(row, column) {
    box.scrollIntoView({ block: "nearest" });
    editor.gotoLine(row + 1, column);
    editor.focus();
  }

  let asked = 0;
  async function check() {
    const mine = ++asked;
    try {
      const answer = await fetch("/desk/rulebooks/check", {
        method: "POST",
        headers: { "Content-Type": "application/json", "x-csrftoken": form.elements._csrf_token.value },
        body: JSON.stringify({ text: editor.getValue() }),
      });
      // Somebody whose sign-in is over is sent to another page.
      if (answer.redirected) throw new Error("signed out");
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      if (mine === asked) show(found.problems);
    } catch (error) {
      if (mine !== asked) return;
      summary.className = "flash refused";
      summary.textContent =
        error.message === "signed out"
          ? "登录已过期。请先在另一个窗口重新登录，再回到这里保存。"
          : "暂时检查不了，请看看网络；写好的内容还在这里。";
    }
  }

  let waiting;
  session.on("change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, 400);
  });

  let sending = false;
  form.addEventListener("submit", () => {
    area.value = editor.getValue();
    sending = true;
    sessionStorage.setItem(place, JSON.stringify(editor.getCursorPosition()));
  });
  addEventListener("beforeunload", (event) => {
    if (!sending && !area.readOnly && editor.getValue() !== saved) event.preventDefault();
  });

  const before = JSON.parse(sessionStorage.getItem(place) || "null");
  sessionStorage.removeItem(place);
  if (before) go(before.row, before.column);
  check();
})();
