// What does `--help` say? On one screen.

export const HELP = `Usage: request-trace [list] [options] [folder | file] …
       request-trace show | open <trace>      request-trace compare <trace> <trace>
       request-trace har <trace> …            request-trace findings [options] [folder] …

  list      the traces, newest first        show      the story of one of them
  open      its page in the browser         compare   what differs between two
  har       an HTTP Archive with all        findings  how many there are of each
A trace is a file (ours, or one of IIS), the id of one (fr000001, W3SVC1/fr000001), or
its X-ARR-LOG-ID. The folder: FailedReqLogFiles, logs/FailedReqLogFiles, or --folder.

Which   --status <list>  404, 5xx, 200-299         -w, --websockets    those alone
        --path <path>    begins so, or with *      --finding <codes>   with commas
        --since, --until <when>  2026-05-28, "2026-05-28 10:25", 10:25, or 2h ago
        --longer, --shorter <time>  500, 2s, 5min  --severity error|warning|information
        --host, --site, --client, --method, --ending, --close  <text>, * is anything
        --where <name=text>  an event's value, such as ClosedBy=upstream
How     -n, --top <n>    the first n               --utc      the universal clock
        --json           as JSON                   --folder <folder>  where ids are
        -o, --out <file> of har; not the screen    --no-color
        -h, --help; -v, --version                  --all      all frames (show)

Exit code: 0 done · 1 compare: something differs; else: a file is no trace
           2 the command is wrong, or a trace is not there
`
