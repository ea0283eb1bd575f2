// What does `--help` say?

/** The text of --help. */
export const USAGE = `Usage: iis-config check [--json] [--all] [OPTIONS] <file>...
       iis-config convert [--json | --js] [OPTIONS] <file>...

  check      what of the files works here, what differs, what is lost
  convert    TypeScript that registers the plugins with what the files say, and
             starts with npx tsx site.ts; with --js, JavaScript for node site.mjs

  <file>     a web.config, applicationHost.config or a transform; or the folder
             of a server that was copied; - is standard input. With
             applicationHost.config first, more files may follow with their
             place: site=FILE, site/app=FILE. Without it, check reads each file
             for itself, unless it is given with a place: /app=FILE
  --root <folder>=<folder>
             where a folder of the server was copied to, such as
             C:\\inetpub=/srv/inetpub: the web.config of each site and
             application is read from there; may be given more than once
  --base <path>
             the directory that a web.config is for, such as /app
  --files    the files in the folder of a web.config are served; --no-files:
             nor are those of a server whose folders are known by --root
  --json     the report, or the options, as JSON
  --all      the parts that are used as they stand, and the sections that say
             no more than IIS's defaults, too
  --transform <file>
             a transform that is applied first, such as web.Release.config;
             may be given more than once
  --open <sections>
             sections that refuse requests in IIS, and need not here:
             names with commas between, or more than once
  --no-color, --version, --help

Exit code: 0 nothing is lost · 1 something is lost, or leads to files that are
not served · 2 the file or the command is wrong, or convert is given a file
that refuses what --open does not name
`
