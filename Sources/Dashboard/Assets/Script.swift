/// What a page does where scripts run; without it everything can be read and done all the same.
///
/// A change on the stream, or ten quiet seconds, make it fetch the page it shows and put its marked parts in
/// the place of the old ones: at most every two seconds, never while the page is hidden, and never under
/// somebody's hands. What it fetches is parsed without running anything of it.
enum Script {
  static let text = #"""
    "use strict";
    (() => {
      const calm = 2000, idle = 10000;
      const mark = document.getElementById("live");
      let shift = Date.now() - Number(document.documentElement.dataset.now);
      let source = null, last = "", timer = 0, busy = false, again = false, latest = Date.now();

      const say = (state, text) => {
        if (!mark) return;
        mark.dataset.state = state;
        if (mark.textContent !== text) mark.textContent = text;
      };

      const span = (ms) => {
        const s = Math.max(0, Math.floor(ms / 1000));
        if (s < 60) return s + " s";
        if (s < 3600) return Math.floor(s / 60) + "m " + (s % 60) + "s";
        if (s < 86400) return Math.floor(s / 3600) + "h " + (Math.floor(s / 60) % 60) + "m";
        return Math.floor(s / 86400) + "d " + (Math.floor(s / 3600) % 24) + "h";
      };

      const tick = () => {
        const now = Date.now() - shift;
        for (const time of document.querySelectorAll("time[data-age]")) {
          const at = Date.parse(time.dateTime), kind = time.dataset.age;
          if (Number.isNaN(at)) continue;
          const text = kind === "in" ? (at <= now ? "now" : "in " + span(at - now))
            : span(now - at) + (kind === "ago" ? " ago" : "");
          if (time.textContent !== text) time.textContent = text;
        }
      };

      // Whether somebody is writing or choosing something in it.
      const isTouched = (part) =>
        part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea") ||
        [...part.querySelectorAll("input")].some((field) => field.value !== field.defaultValue) ||
        [...part.querySelectorAll("select")].some((field) =>
          [...field.options].some((option) => option.selected !== option.defaultSelected));

      const key = (element) => element.id || element.getAttribute("href");

      const replace = (text) => {
        const fresh = new DOMParser().parseFromString(text, "text/html");
        const now = Number(fresh.documentElement.dataset.now);
        if (!now) return false;
        shift = Date.now() - now;
        document.title = fresh.title;
        for (const part of document.querySelectorAll("[data-live]")) {
          const other = fresh.querySelector('[data-live="' + part.dataset.live + '"]');
          if (!other || isTouched(part) || part.innerHTML === other.innerHTML) continue;
          const opened = [...part.querySelectorAll("details")].map((one) => one.open);
          const focus = part.contains(document.activeElement) ? key(document.activeElement) : null;
          other.querySelectorAll("details").forEach((one, index) => {
            if (index < opened.length) one.open = opened[index];
          });
          part.replaceChildren(...[...other.childNodes].map((node) => document.adoptNode(node)));
          if (focus) [...part.querySelectorAll("a, button")].find((one) => key(one) === focus)?.focus();
        }
        fill();
        return true;
      };

      const refresh = async () => {
        clearTimeout(timer);
        if (document.hidden) return;
        if (busy) { again = true; return; }
        busy = true;
        latest = Date.now();
        try {
          const answer = await fetch(location.href, {
            headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(8000)
          });
          if (!replace(await answer.text())) throw new Error();
          if (source && source.readyState === EventSource.OPEN) say("live", "live");
          else say("polling", "every 10 s");
        } catch {
          say("lost", "disconnected");
        }
        busy = false;
        const soon = again;
        again = false;
        timer = setTimeout(refresh, soon ? calm : idle);
      };

      const soon = () => {
        if (busy) { again = true; return; }
        clearTimeout(timer);
        timer = setTimeout(refresh, Math.max(150, latest + calm - Date.now()));
      };

      const open = () => {
        if (source) return;
        source = new EventSource("/aiops/stream" + (last ? "?last_event_id=" + last : ""));
        source.onopen = () => say("live", "live");
        source.onerror = () => {
          say("lost", "disconnected");
          if (source.readyState === EventSource.CLOSED) { source = null; setTimeout(() => document.hidden || open(), 5000); }
        };
        const heard = (event) => { last = event.lastEventId || last; soon(); };
        source.addEventListener("incident", heard);
        source.addEventListener("reset", heard);
      };

      document.addEventListener("visibilitychange", () => {
        if (document.hidden) {
          source?.close();
          source = null;
          clearTimeout(timer);
          say("paused", "paused");
        } else { open(); refresh(); }
      });

      document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
        if (event.key === "j" || event.key === "k") {
          const rows = [...document.querySelectorAll("a[data-row]")];
          if (!rows.length) return;
          const at = rows.indexOf(document.activeElement);
          const to = at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
          rows[to].focus();
          rows[to].scrollIntoView({ block: "nearest" });
        } else if (event.key === "u" && location.pathname !== "/") location.assign("/");
        else if (event.key === "r") refresh();
      });

      // Whoever said a name once need not type it again.
      const fill = () => {
        for (const field of document.querySelectorAll("input[name=by]")) {
          const name = sessionStorage.getItem("by");
          if (name && !field.value) field.value = field.defaultValue = name;
        }
      };
      document.addEventListener("submit", (event) => {
        const by = event.target.elements.namedItem("by");
        if (by && by.value) sessionStorage.setItem("by", by.value);
      });
      document.addEventListener("focusin", fill);

      fill();
      setInterval(tick, 1000);
      tick();
      if (!document.hidden) open();
      timer = setTimeout(refresh, idle);
    })();
    """#
}
