/// How pages look: calm, dense, for day and night, for wide and narrow screens.
enum Stylesheet {
  static let text = """
    :root {
      color-scheme: light dark;
      --ground: #f5f6f8; --panel: #ffffff; --ink: #1a2027; --quiet: #55606e; --line: #d9dee5; --hover: #eef2f7;
      --link: #14508f; --accent: #14508f; --on-accent: #ffffff;
      --critical: #b3121d; --high: #b24a00; --medium: #856000; --low: #2b6390; --info: #55606e;
      --good: #1b6e3c; --bad: #b3121d; --tint: #b3121d14; --warn: #fff4d6; --warn-line: #d9a400;
      --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #12161b; --panel: #191f26; --ink: #dfe5ec; --quiet: #97a3b2; --line: #2d3641; --hover: #212933;
        --link: #86b9f0; --accent: #2f6db3; --on-accent: #ffffff;
        --critical: #ff7b80; --high: #ffa45c; --medium: #e6c04d; --low: #7db9e8; --info: #97a3b2;
        --good: #6fcf97; --bad: #ff7b80; --tint: #ff7b8014; --warn: #362c10; --warn-line: #b08a1e;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body {
      margin: 0; background: var(--ground); color: var(--ink);
      font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Helvetica, Arial, sans-serif;
    }
    a { color: var(--link); text-decoration: none; }
    a:hover { text-decoration: underline; }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 1px; border-radius: 2px; }
    code, pre, .id { font-family: var(--mono); font-size: .92em; }
    h1, h2, h3, p, ul, ol, dl, table, pre { margin: 0; }
    h1 { font-size: 1.3rem; line-height: 1.25; overflow-wrap: anywhere; }
    h2 { font-size: 1rem; }
    h3 { font-size: .95rem; margin-top: .8rem; }
    small, .quiet { color: var(--quiet); font-size: .9em; }
    time { font-variant-numeric: tabular-nums; white-space: nowrap; }
    td, th, li, dd, dt, p, h1, code, pre, span { unicode-bidi: isolate; }
    .skip { position: absolute; left: -99rem; }
    .skip:focus { left: .5rem; top: .5rem; background: var(--panel); padding: .4rem .6rem; z-index: 1; }

    .top {
      display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem 1rem; padding: .55rem 1rem;
      background: var(--panel); border-bottom: 1px solid var(--line);
    }
    .top .brand { font-weight: 700; color: var(--ink); }
    .top .facts { color: var(--quiet); display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-left: auto; }
    #live { white-space: nowrap; }
    #live::before { content: "○ "; }
    #live[data-state=live] { color: var(--good); }
    #live[data-state=live]::before { content: "● "; }
    #live[data-state=lost] { color: var(--bad); font-weight: 700; }
    #live[data-state=lost]::before { content: "✕ "; }
    #live[data-state=paused]::before { content: "‖ "; }
    main { max-width: 100rem; margin: 0 auto; padding: .8rem 1rem 2rem; display: grid; gap: .9rem; }
    .banner {
      padding: .55rem .8rem; background: var(--warn); border: 1px solid var(--warn-line); border-radius: 6px;
      overflow-wrap: anywhere;
    }
    .banner[data-state=bad] { background: var(--tint); border-color: var(--bad); }
    .panel {
      background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .8rem; min-width: 0;
    }
    .panel > header { display: flex; flex-wrap: wrap; gap: .2rem .9rem; align-items: baseline; margin-bottom: .45rem; }
    .panel > header nav { display: flex; flex-wrap: wrap; gap: .2rem .8rem; margin-left: auto; }
    nav a[aria-current] { color: var(--ink); font-weight: 700; text-decoration: underline; text-underline-offset: .25em; }
    .columns { display: grid; gap: .9rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); align-items: start; }
    .story { display: grid; gap: .9rem; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); align-items: start; }
    .story > div { display: grid; gap: .9rem; }
    .empty { color: var(--quiet); padding: .3rem 0; }

    table { border-collapse: collapse; width: 100%; }
    th { text-align: left; color: var(--quiet); font-weight: 600; font-size: .85em; padding: .1rem .7rem .25rem 0; white-space: nowrap; }
    td { padding: .32rem .7rem .32rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
    td:last-child, th:last-child { padding-right: 0; }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    td .sub { display: block; color: var(--quiet); font-size: .88em; }
    .fixed, .id { white-space: nowrap; }
    tbody tr:hover { background: var(--hover); }
    tr:focus-within { background: var(--hover); }

    .severity { font-weight: 700; white-space: nowrap; }
    [data-severity=critical] { color: var(--critical); } [data-severity=high] { color: var(--high); }
    [data-severity=medium] { color: var(--medium); } [data-severity=low] { color: var(--low); }
    [data-severity=info] { color: var(--info); }
    .severity::before { font-family: var(--mono); }
    [data-severity=critical].severity::before { content: "▲▲ "; } [data-severity=high].severity::before { content: "▲ "; }
    [data-severity=medium].severity::before { content: "◆ "; } [data-severity=low].severity::before { content: "▽ "; }
    [data-severity=info].severity::before { content: "· "; }
    .status { white-space: nowrap; padding: .05rem .4rem; border: 1px solid var(--line); border-radius: 4px; font-size: .9em; }
    .status[data-status=escalated] { border-color: var(--bad); color: var(--bad); font-weight: 600; }
    .status[data-status=resolved] { border-color: var(--good); color: var(--good); }
    .call { color: var(--bad); font-weight: 600; }
    .good { color: var(--good); } .bad { color: var(--bad); }
    .tallies { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin-bottom: .4rem; }
    .tallies b, .tallies strong { font-variant-numeric: tabular-nums; }

    dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .22rem .9rem; }
    dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
    .headline { display: flex; flex-wrap: wrap; gap: .3rem .9rem; align-items: baseline; margin: .3rem 0 .5rem; }
    .cause { font-size: 1.05rem; font-weight: 600; overflow-wrap: anywhere; }
    ol.timeline { list-style: none; padding: 0; }
    ol.timeline li { display: grid; grid-template-columns: 5.2rem minmax(0, 1fr); gap: 0 .7rem; padding: .28rem 0; border-top: 1px solid var(--line); }
    ol.timeline li:first-child { border-top: 0; }
    ol.timeline p { overflow-wrap: anywhere; white-space: pre-line; }
    ol.timeline time { color: var(--quiet); }
    ol.timeline [data-state=status] p { font-weight: 600; }
    ol.plain, ul.plain { padding-left: 1.2rem; }
    ul.plain li, ol.plain li { margin: .25rem 0; overflow-wrap: anywhere; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--ground); border: 1px solid var(--line); border-radius: 4px; padding: .35rem .5rem; margin: .25rem 0; max-height: 16rem; overflow: auto; }
    details > summary { cursor: pointer; color: var(--link); }
    .evidence { border-left: 3px solid var(--line); padding-left: .7rem; margin: .5rem 0; }
    .meter { color: var(--quiet); font-variant-numeric: tabular-nums; white-space: nowrap; }

    .banners { display: grid; gap: .5rem; }
    .banners:empty { display: none; }
    .actions { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; }
    .actions .row { display: flex; flex-wrap: wrap; gap: .35rem .5rem; align-items: center; }
    .actions .row:first-of-type { flex: 1 1 100%; }
    .actions .note { flex: 1 1 12rem; min-width: 0; max-width: 40rem; }
    input, select, button { font: inherit; color: inherit; padding: .35rem .55rem; border: 1px solid var(--line); border-radius: 4px; background: var(--ground); min-height: 2.3rem; max-width: 100%; }
    input[name=by] { width: 10rem; }
    button { cursor: pointer; background: var(--panel); border-color: var(--quiet); font-weight: 600; min-width: 7.5rem; }
    button:hover { background: var(--hover); }
    button[data-state=main] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }

    .plot { display: block; width: 100%; max-width: 56rem; height: auto; }
    .plot text { font-size: 13px; fill: var(--quiet); font-family: inherit; }
    .plot .axis line { stroke: var(--line); stroke-width: 1; }
    .plot .series { fill: none; stroke: var(--link); stroke-width: 2; stroke-linejoin: round; }
    .plot line.threshold { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 6 4; }
    .plot text.threshold { fill: var(--bad); }
    .plot .trouble { fill: var(--tint); }
    .plot line.mark { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 3; }
    .plot .point.good, .plot .check.good { fill: var(--panel); stroke: var(--good); stroke-width: 1.6; }
    .plot .point.bad, .plot .check.bad { fill: var(--bad); stroke: var(--bad); }
    .plot .check { stroke-width: 2.4; }
    footer { max-width: 100rem; margin: 0 auto; padding: 0 1rem 2rem; color: var(--quiet); font-size: .88em; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }

    @media (max-width: 60rem) { .story { grid-template-columns: minmax(0, 1fr); } }
    @media (max-width: 44rem) {
      body { font-size: 16px; }
      main { padding: .6rem .5rem 1.5rem; }
      .panel { padding: .6rem; }
      .top { padding: .5rem .6rem; } .top .facts { margin-left: 0; font-size: .88em; }
      .panel > header nav { margin-left: 0; gap: .4rem 1.1rem; }
      nav a { padding: .2rem 0; }
      /* Tables become cards: every cell on a line of its own, with its column's name. */
      .cards thead { position: absolute; left: -99rem; }
      .cards, .cards tbody, .cards tr, .cards td { display: block; }
      .cards tr { padding: .5rem 0; border-top: 1px solid var(--line); }
      .cards tr:first-child { border-top: 0; }
      .cards td { border: 0; padding: .1rem 0; text-align: left; white-space: normal; }
      .cards td.inline { display: inline-block; margin-right: .8rem; }
      .cards td[data-label]::before { content: attr(data-label) " "; color: var(--quiet); font-size: .88em; }
      .keys { display: none; }
      .plot text { font-size: 20px; }
      .plot .axis text { font-size: 18px; }
      .plot text.mark { font-size: 17px; }
      button { min-width: 9rem; min-height: 2.7rem; }
      .actions .row { flex: 1 1 100%; }
      .actions input[name=by] { flex: 1 1 8rem; }
      .actions small { flex: 1 1 8rem; }
      input, select { min-height: 2.7rem; }
    }
    @media (prefers-reduced-motion: no-preference) { a, button { transition: background-color .1s; } }
    @media print { .actions, nav, #live { display: none; } }
    """
}
