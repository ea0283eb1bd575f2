// Which types of files does IIS ship in <staticContent>? An entry that is in this list says no more than IIS's default.

/** The types by their first part: the second part, and the extensions that have it. */
const SHIPPED = {
  application:
    'atom+xml: atom, directx: x, envoy: evy, font-woff2: woff2, fractals: fif, futuresplash: spl, hta: hta, internet-property-stream: acx, java-archive: jar, javascript: js, ' +
    'json: json, ld+json: jsonld, liquidmotion: jck jcz, mac-binhex40: hqx, msaccess: accdb accde accdt, msword: doc dot, octet-stream: aaf aca afm asd asi bin chm csv cur ' +
    'deploy dsp dwp emz exe fla hhk hhp inf java jpb lpk lzh mdp mix msi mso ocx pcx pcz pfb pfm prm prx psd psm psp qxd rar sea smi snp thn toc ttf u32 xsn xtp, oda: oda, ' +
    'oleobject: ods, olescript: axs, onenote: one onea onepkg onetmp onetoc onetoc2, opensearchdescription+xml: osdx, pdf: pdf, pics-rules: prf, pkcs10: p10, pkcs7-mime: p7c ' +
    'p7m, pkcs7-signature: p7s, pkix-crl: crl, postscript: ai eps ps, rtf: rtf, set-payment-initiation: setpay, set-registration-initiation: setreg, streamingmedia: ssm, ' +
    'vnd.fdf: fdf, vnd.ms-cab-compressed: cab esd, vnd.ms-excel: xla xlc xlm xls xlt xlw, vnd.ms-excel.addin.macroEnabled.12: xlam, vnd.ms-excel.sheet.binary.macroEnabled.12: ' +
    'xlsb, vnd.ms-excel.sheet.macroEnabled.12: xlsm, vnd.ms-excel.template.macroEnabled.12: xltm, vnd.ms-fontobject: eot, vnd.ms-office.calx: calx, vnd.ms-officetheme: thmx, ' +
    'vnd.ms-pki.certstore: sst, vnd.ms-pki.pko: pko, vnd.ms-pki.seccat: cat, vnd.ms-pki.stl: stl, vnd.ms-powerpoint: pot pps ppt, vnd.ms-powerpoint.addin.macroEnabled.12: ' +
    'ppam, vnd.ms-powerpoint.presentation.macroEnabled.12: pptm, vnd.ms-powerpoint.slide.macroEnabled.12: sldm, vnd.ms-powerpoint.slideshow.macroEnabled.12: ppsm, ' +
    'vnd.ms-powerpoint.template.macroEnabled.12: potm, vnd.ms-project: mpp, vnd.ms-visio.viewer: vdx, vnd.ms-word.document.macroEnabled.12: docm, ' +
    'vnd.ms-word.template.macroEnabled.12: dotm, vnd.ms-works: wcm wdb wks wps, vnd.ms-xpsdocument: xps, vnd.openxmlformats-officedocument.presentationml.presentation: pptx, ' +
    'vnd.openxmlformats-officedocument.presentationml.slide: sldx, vnd.openxmlformats-officedocument.presentationml.slideshow: ppsx, ' +
    'vnd.openxmlformats-officedocument.presentationml.template: potx, vnd.openxmlformats-officedocument.spreadsheetml.sheet: xlsx, ' +
    'vnd.openxmlformats-officedocument.spreadsheetml.template: xltx, vnd.openxmlformats-officedocument.wordprocessingml.document: docx, ' +
    'vnd.openxmlformats-officedocument.wordprocessingml.template: dotx, vnd.rn-realmedia: rm, vnd.visio: vsd vss vst vsw vsx vtx, vnd.wap.wmlc: wmlc, vnd.wap.wmlscriptc: ' +
    'wmlsc, wasm: wasm, winhlp: hlp, x-bcpio: bcpio, x-cdf: cdf, x-compress: z, x-compressed: tgz, x-cpio: cpio, x-csh: csh, x-director: dcr dir dxr, x-dvi: dvi, x-gtar: gtar, ' +
    'x-gzip: gz, x-hdf: hdf, x-internet-signup: ins isp, x-iphone: iii, x-java-applet: class, x-latex: latex, x-miva-compiled: mvc, x-ms-application: application, ' +
    'x-ms-manifest: manifest, x-ms-reader: lit, x-ms-vsto: vsto, x-ms-wmd: wmd, x-ms-wmz: wmz, x-ms-xbap: xbap, x-msaccess: mdb, x-mscardfile: crd, x-msclip: clp, ' +
    'x-msdownload: dll, x-msmediaview: m13 m14 mvb, x-msmetafile: wmf, x-msmoney: mny, x-mspublisher: pub, x-msschedule: scd, x-msterminal: trm, x-mswrite: wri, x-netcdf: nc, ' +
    'x-oleobject: hhc, x-perfmon: pma pmc pml pmr pmw, x-pkcs12: p12 pfx, x-pkcs7-certificates: p7b spc, x-pkcs7-certreqresp: p7r, x-quicktimeplayer: qtl, x-sh: sh, x-shar: ' +
    'shar, x-shockwave-flash: swf, x-silverlight-app: xap, x-smaf: mmf, x-stuffit: sit, x-sv4cpio: sv4cpio, x-sv4crc: sv4crc, x-tar: tar, x-tcl: tcl, x-tex: tex, x-texinfo: ' +
    'texi texinfo, x-troff: roff t tr, x-troff-man: man, x-troff-me: me, x-troff-ms: ms, x-ustar: ustar, x-wais-source: src, x-x509-ca-cert: crt der, x-zip-compressed: zip, ' +
    'xaml+xml: xaml, xhtml+xml: xht xhtml',
  audio:
    'aac: aac, aiff: aifc aiff, basic: au snd, mid: mid midi rmi, mp4: m4a, mpeg: mp3, ogg: oga spx, vnd.dlna.adts: adt adts, wav: wav, x-aiff: aif, x-mpegurl: m3u, x-ms-wax: ' +
    'wax, x-ms-wma: wma, x-pn-realaudio: ra ram, x-pn-realaudio-plugin: rpm, x-smd: smd smx smz',
  drawing: 'x-dwf: dwf',
  font: 'otf: otf, woff: woff, woff2: woff2, x-woff: woff',
  image:
    'bmp: bmp dib, cis-cod: cod, gif: gif, ief: ief, jpeg: jpe jpeg jpg, pjpeg: jfif, png: png pnz, svg+xml: svg svgz, tiff: tif tiff, vnd.rn-realflash: rf, vnd.wap.wbmp: ' +
    'wbmp, x-cmu-raster: ras, x-cmx: cmx, x-icon: ico, x-jg: art, x-portable-anymap: pnm, x-portable-bitmap: pbm, x-portable-graymap: pgm, x-portable-pixmap: ppm, x-rgb: rgb, ' +
    'x-xbitmap: xbm, x-xpixmap: xpm, x-xwindowdump: xwd',
  message: 'rfc822: eml mht mhtml nws',
  model: 'gltf-binary: glb',
  text:
    'javascript: js, cache-manifest: appcache, calendar: ics, css: css less, dlm: dlm, h323: 323, html: htm html hxt, iuls: uls, jscript: jsx, plain: asm bas c cnf cpp h map txt vcs xdr, ' +
    'richtext: rtx, scriptlet: sct, sgml: sgml, tab-separated-values: tsv, vbscript: vbs, vnd.wap.wml: wml, vnd.wap.wmlscript: wmls, webviewhtml: htt, x-component: htc, ' +
    'x-hdml: hdml, x-ms-odc: odc, x-setext: etx, x-vcard: vcf, xml: disco dll.config dtd exe.config mno vml wsdl xml xsd xsf xsl xslt',
  video:
    '3gpp: 3gp 3gpp, 3gpp2: 3g2 3gp2, avi: avi, mp4: m4v mp4 mp4v, mpeg: m1v mp2 mpa mpe mpeg mpg mpv2, ogg: ogg ogv, quicktime: mov qt, vnd.dlna.mpeg-tts: m2ts ts tts, webm: ' +
    'webm, x-flv: flv, x-ivf: IVF, x-la-asf: lsf lsx, x-ms-asf: asf asr asx nsc, x-ms-dvr: dvr-ms, x-ms-wm: wm, x-ms-wmp: wmp, x-ms-wmv: wmv, x-ms-wmx: wmx, x-ms-wtv: wtv, ' +
    'x-ms-wvx: wvx, x-sgi-movie: movie',
  'x-world': 'x-vrml: flr wrl wrz xaf xof'
} as const

const TYPES: ReadonlySet<string> = new Set(Object.entries(SHIPPED).flatMap(([first, types]) =>
  types.split(', ').flatMap(type => {
    const [second = '', extensions = ''] = type.split(': ')
    return extensions.split(' ').map(extension => `.${extension} ${first}/${second}`)
  })).map(entry => entry.toLowerCase()))

/** Whether IIS ships this type for an extension such as `.html`, in any of its versions. */
export function isShippedType (extension: string, type: string): boolean {
  return TYPES.has(`${extension.trim()} ${type.trim()}`.toLowerCase())
}
