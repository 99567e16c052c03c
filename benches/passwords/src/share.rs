//! A share of a processor, by a control group of Linux (version 1 or 2).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// Lambda's period of accounting, in microseconds.
const PERIOD: u32 = 20_000;

/// This process in a group of its own.
pub struct Share {
    group: PathBuf,
    parent: PathBuf,
}

impl Share {
    /// Leaves this process `part` of one processor.
    ///
    /// # Errors
    /// Where there are no control groups or they may not be changed.
    pub fn impose(part: f64) -> io::Result<Self> {
        let quota = format!("{:.0}", part * f64::from(PERIOD));
        let first = Path::new("/sys/fs/cgroup/cpu");
        let (parent, limits) = if first.is_dir() {
            let limits = vec![
                ("cpu.cfs_period_us", PERIOD.to_string()),
                ("cpu.cfs_quota_us", quota),
            ];
            (first, limits)
        } else {
            let limits = vec![("cpu.max", format!("{quota} {PERIOD}"))];
            (Path::new("/sys/fs/cgroup"), limits)
        };
        let share = Self {
            group: parent.join(format!("plenary-password-bench-{}", process::id())),
            parent: parent.to_owned(),
        };
        fs::create_dir(&share.group)?;
        let entered = limits
            .iter()
            .try_for_each(|(file, value)| fs::write(share.group.join(file), value))
            .and_then(|()| enter(&share.group));
        if let Err(error) = entered {
            fs::remove_dir(&share.group)?;
            return Err(error);
        }
        Ok(share)
    }

    /// Gives the whole processor back.
    ///
    /// # Errors
    /// If the group cannot be left.
    pub fn lift(self) -> io::Result<()> {
        enter(&self.parent)?;
        fs::remove_dir(&self.group)
    }
}

fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), process::id().to_string())
}
