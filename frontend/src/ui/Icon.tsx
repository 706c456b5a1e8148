// Icons: 16 by 16, in the colour of the text, differing in outline so that the page reads in grey.

const drawings = {
  ok: <><circle cx="8" cy="8" r="6.5" fill="currentColor" stroke="none"/><path d="M5.2 8.2l2 2 3.6-4" className="cut" strokeWidth="1.6" fill="none"/></>,
  run: <><circle cx="8" cy="8" r="5.75" opacity=".28"/><path d="M8 2.25A5.75 5.75 0 0 1 13.75 8" fill="none" stroke="currentColor" strokeWidth="2"/></>,
  held: <><rect x="1.75" y="1.75" width="12.5" height="12.5" rx="3" fill="currentColor" stroke="none"/><path d="M6.1 5.3v5.4M9.9 5.3v5.4" className="cut" strokeWidth="1.9" fill="none"/></>,
  bad: <><path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3L1.5 10.7V5.3z" fill="currentColor" stroke="none"/><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" className="cut" strokeWidth="1.6" fill="none"/></>,
  susp: <><path d="M13.2 9.8A5.8 5.8 0 1 1 6.2 2.8a4.6 4.6 0 0 0 7 7z" fill="currentColor" stroke="none"/></>,
  tomb: <><path d="M3.5 13.5V7.2a4.5 4.5 0 0 1 9 0v6.3z" fill="currentColor" stroke="none"/><path d="M1.8 14h12.4"/><path d="M6.2 8h3.6M8 6.2v4.4" className="cut" strokeWidth="1.4" fill="none"/></>,
  drift: <><path d="M2.5 6h11M2.5 10h11M10.6 2.6L5.4 13.4" fill="none" stroke="currentColor" strokeWidth="1.7"/></>,
  search: <><circle cx="7" cy="7" r="4.5"/><path d="M10.4 10.4L14 14"/></>,
  grid: <><rect x="2" y="2" width="5" height="5" rx="1.2"/><rect x="9" y="2" width="5" height="5" rx="1.2"/><rect x="2" y="9" width="5" height="5" rx="1.2"/><rect x="9" y="9" width="5" height="5" rx="1.2"/></>,
  box: <><path d="M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8z"/><path d="M2.7 4.9L8 7.9l5.3-3M8 7.9v6"/></>,
  roll: <><path d="M2.5 4.5h7M2.5 8h11M2.5 11.5h5"/><circle cx="12" cy="4.5" r="1.3"/><circle cx="10.2" cy="11.5" r="1.3"/></>,
  commit: <><circle cx="8" cy="8" r="2.9"/><path d="M1.5 8h3.6M10.9 8h3.6"/></>,
  doc: <><path d="M4 1.8h5.2L12.5 5v9.2H4z"/><path d="M8.3 6.5v3.2M8.3 11.7v.01"/></>,
  shield: <><path d="M8 1.7l5.3 1.9v4c0 3.3-2.2 5.6-5.3 6.7-3.1-1.1-5.3-3.4-5.3-6.7v-4z"/><path d="M5.8 8l1.6 1.6 2.9-3.1"/></>,
  moon: <><path d="M13.2 9.8A5.8 5.8 0 1 1 6.2 2.8a4.6 4.6 0 0 0 7 7z"/></>,
  person: <><circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 13.7c.6-2.7 2.6-4.2 5.2-4.2s4.6 1.5 5.2 4.2"/></>,
  branch: <><circle cx="4.5" cy="3.5" r="1.6"/><circle cx="4.5" cy="12.5" r="1.6"/><circle cx="11.5" cy="5" r="1.6"/><path d="M4.5 5.1v5.8M11.5 6.6c0 2.4-3.5 2.2-5.5 3.4"/></>,
  menu: <><path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/></>,
  down: <><path d="M3.5 6L8 10.5 12.5 6"/></>,
  copy: <><rect x="5.5" y="5.5" width="8" height="8" rx="1.8"/><path d="M10.5 3.2c-.2-.4-.6-.7-1.1-.7H4.2c-.9 0-1.7.8-1.7 1.7v5.2c0 .5.3.9.7 1.1"/></>,
  ext: <><path d="M6.5 3.5H3.8c-.7 0-1.3.6-1.3 1.3v7.4c0 .7.6 1.3 1.3 1.3h7.4c.7 0 1.3-.6 1.3-1.3V9.5M9.5 2.5h4v4M13.2 2.8L7.5 8.5"/></>,
  chev: <><path d="M6 3.5L10.5 8 6 12.5"/></>,
  clock: <><circle cx="8" cy="8" r="5.75"/><path d="M8 4.8V8l2.2 1.5"/></>,
  mail: <><rect x="1.75" y="3.25" width="12.5" height="9.5" rx="2"/><path d="M2.3 4.6L8 8.8l5.7-4.2"/></>,
  half: <><circle cx="8" cy="8" r="5.75"/><path d="M8 2.25a5.75 5.75 0 0 0 0 11.5z" fill="currentColor" stroke="none"/></>,
  slash: <><circle cx="8" cy="8" r="5.75"/><path d="M4 12L12 4"/></>,
  seal: <><rect x="2.8" y="7" width="10.4" height="7" rx="1.8"/><path d="M5.2 7V5.2a2.8 2.8 0 0 1 5.6 0V7"/></>,
  dice: <><path d="M12.8 6.2A5.3 5.3 0 0 0 3.3 5M3.2 9.8a5.3 5.3 0 0 0 9.5 1.2M3 2v3.1h3.1M13 14v-3.1H9.9"/></>,
  warn: <><path d="M8 1.8l6.6 11.7H1.4z" fill="currentColor" stroke="currentColor" strokeWidth="1" strokeLinejoin="round"/><path d="M8 6v3.4M8 11.6v.01" className="cut" strokeWidth="1.6" fill="none"/></>,
  wait: <><circle cx="8" cy="8" r="5.75" strokeDasharray="1.5 3"/></>,
  unk: <><circle cx="8" cy="8" r="6" strokeDasharray="2.2 2.5"/><path d="M6.4 6.5a1.7 1.7 0 1 1 2.3 1.6c-.5.2-.7.5-.7 1M8 11.1v.01" fill="none" stroke="currentColor" strokeWidth="1.4"/></>,
  key: <><circle cx="5" cy="8" r="2.9"/><path d="M7.9 8h6.3v2.6M11.3 8v2"/></>,
  skip: <><path d="M3 8h10"/></>,
  eye: <><path d="M1.6 8S4 3.8 8 3.8 14.4 8 14.4 8 12 12.2 8 12.2 1.6 8 1.6 8z"/><circle cx="8" cy="8" r="1.9"/></>,
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name, small = false, className = "" }: { name: IconName; small?: boolean; className?: string }) {
  return (
    <svg className={`i ${small ? "sm" : ""} ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      {drawings[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round">
      <circle cx="7" cy="12" r="4.2" />
      <path d="M11.2 12H21M15.200 12v5M20.400 12v4" />
    </svg>
  );
}
