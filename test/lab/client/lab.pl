#!/usr/bin/perl
# The machine room of the lab for machines without a compiler: the same as lab.c, which explains it.
# perl-base alone, no modules; constants are Linux's.
use strict;

my $SOCKET_PATH = '/usr/lib/lab/s/labd';
my ($CANNOT_REACH, $WENT_AWAY) = (120, 121);
my ($NEWNS, $NEWUTS, $NEWIPC, $NEWUSER, $NEWPID, $NEWNET) =
    (0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000);
my ($MS_NOSUID, $MS_NODEV, $MS_NOEXEC, $MS_BIND, $MS_REC, $MS_PRIVATE) =
    (2, 4, 8, 0x1000, 0x4000, 0x40000);
my ($PDEATHSIG, $SUBREAPER) = (1, 36);
my ($RECURSIVE, $MOUNT_RDONLY) = (0x8000, 1);
my ($ENOENT, $EINTR, $EAGAIN, $ENETDOWN) = (2, 4, 11, 100);
my ($F_SETFL, $O_NONBLOCK) = (4, 04000);
my ($KILL, $CLOEXEC, $F_SETFD) = (9, 1, 2);

my %NUMBERS = (
    x86_64 => {
        mount => 165, umount2 => 166, pivot_root => 155, sethostname => 170, prctl => 157, unshare => 272, setns => 308,
        mount_setattr => 442, setgroups => 116, setresuid => 117, setresgid => 119, setsid => 112,
    },
    aarch64 => {
        mount => 40, umount2 => 39, pivot_root => 41, sethostname => 161, prctl => 167, unshare => 97, setns => 268,
        mount_setattr => 442, setgroups => 159, setresuid => 147, setresgid => 149, setsid => 157,
    },
);
my $numbers;

# A system call by name; strings are copied, because perl wants them writable. False when it failed.
sub call {
    my ($name, @arguments) = @_;
    if (!defined $numbers) {
        my $machine = `uname -m`;
        chomp $machine;
        $numbers = $NUMBERS{$machine} or failed(1, "no system call numbers for $machine");
    }
    return syscall($numbers->{$name}, @arguments) != -1;
}

sub failed {
    my ($status, $what) = @_;
    my $error = "$!";
    print STDERR "lab: $what: $error\n";
    exit $status;
}

sub write_all {
    my ($to, $data) = @_;
    my $at = 0;
    while ($at < length $data) {
        my $done = syswrite $to, $data, length($data) - $at, $at;
        next if !defined $done && $! == $EINTR;
        exit $WENT_AWAY if !defined $done;
        $at += $done;
    }
}

# Undefined at the end of the stream.
sub read_all {
    my ($from, $length) = @_;
    my $data = '';
    while (length $data < $length) {
        my $done = sysread $from, $data, $length - length $data, length $data;
        next if !defined $done && $! == $EINTR;
        return undef if !$done;
    }
    return $data;
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or return 0;
    my $done = syswrite $file, $text;
    return defined $done && $done == length $text;
}

sub wait_for {
    my ($pid) = @_;
    while (waitpid($pid, 0) < 0) { failed(1, 'waitpid') if $! != $EINTR }
    return $?;
}

sub end_like {
    my ($status) = @_;
    my $signal = $status & 127;
    exit $status >> 8 if $signal == 0;
    $SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT TERM USR1 USR2);
    kill $signal, $$;
    exit 128 + $signal;
}

# ---- stand-in --------------------------------------------------------------------------------------------------------

sub connect_labd {
    for (my $tries = 0;; $tries++) {
        socket my $labd, 1, 1, 0 or failed($CANNOT_REACH, 'socket');
        return $labd if connect $labd, pack('S a108', 1, $SOCKET_PATH);
        failed($CANNOT_REACH, 'cannot reach labd') if $! != $EAGAIN || $tries == 100;
        select undef, undef, undef, 0.01;
    }
}

sub send_request {
    my ($labd, $program, @arguments) = @_;
    my $cwd = readlink '/proc/self/cwd';
    my @environment = map {"$_=$ENV{$_}"} keys %ENV;
    my @strings = (1, $$, getppid(), $<, defined $cwd ? $cwd : '/', 1 + @arguments, $program, @arguments,
        scalar @environment, @environment);
    my $body = join '', map {"$_\0"} @strings;
    write_all($labd, pack('N', length $body) . $body);
}

sub stand_in {
    my ($program, @arguments) = @_;
    my $labd = connect_labd();
    my $wants_stdin = 0;
    send_request($labd, $program, @arguments);
    for (;;) {
        my $ready = '';
        vec($ready, fileno $labd, 1) = 1;
        vec($ready, 0, 1) = 1 if $wants_stdin;
        next if select($ready, undef, undef, undef) < 0;
        if ($wants_stdin && vec($ready, 0, 1)) {
            my $done = sysread STDIN, my $data, 65536;
            $wants_stdin = 0 if !$done;
            write_all($labd, pack('N', $done ? $done : 0) . ($done ? $data : ''));
        }
        next if !vec($ready, fileno $labd, 1);
        my $head = read_all($labd, 5);
        exit $WENT_AWAY if !defined $head;
        my ($type, $length) = unpack 'a N', $head;
        my $data = read_all($labd, $length);
        exit $WENT_AWAY if !defined $data;
        write_all(*STDOUT, $data) if $type eq 'o';
        write_all(*STDERR, $data) if $type eq 'e';
        $wants_stdin = 1 if $type eq 'i';
        exit $data if $type eq 'x';
        next if $type ne 'X';
        my @argv = split /\0/, $data, -1;
        pop @argv;
        exec { $argv[0] } @argv or failed($CANNOT_REACH, $argv[0]);
    }
}

# ---- outer namespaces ------------------------------------------------------------------------------------------------

sub die_with_parent {
    my ($parent) = @_;
    call('prctl', $PDEATHSIG, $KILL);
    exit 1 if getppid() != $parent;
}

sub set_attributes {
    my ($path, $flags, $set, $clear) = @_;
    my $attributes = pack 'Q4', $set, $clear, 0, 0;
    my $copy = "$path";
    call('mount_setattr', -100, $copy, $flags, $attributes, 32) or return 0;
    return 1;
}

sub mounted {
    my ($what, $where, $type, $flags, $data) = @_;
    my @strings = map { defined $_ ? "$_" : 0 } ($what, $where, $type);
    my $options = defined $data ? "$data" : 0;
    return call('mount', $strings[0], $strings[1], $strings[2], $flags, $options);
}

sub must_mount {
    my (@mount) = @_;
    mounted(@mount) or failed(1, "mount $mount[1]");
}

sub outer_mounts {
    my ($run) = @_;
    must_mount(undef, '/', undef, $MS_REC | $MS_PRIVATE);
    must_mount($run, $run, undef, $MS_BIND | $MS_REC);
    set_attributes('/', $RECURSIVE, $MOUNT_RDONLY, 0) or failed(1, 'mount_setattr /');
    set_attributes($run, 0, 0, $MOUNT_RDONLY) or failed(1, "mount_setattr $run");
    must_mount('proc', '/proc', 'proc', $MS_NOSUID | $MS_NODEV | $MS_NOEXEC);
    must_mount('tmpfs', '/run', 'tmpfs', $MS_NOSUID | $MS_NODEV, 'mode=755');
    mkdir '/run/netns', 0755 or failed(1, '/run/netns');
}

sub outer_init {
    my ($run, @program) = @_;
    outer_mounts($run);
    my $labd = fork;
    if ($labd == 0) { exec { $program[0] } @program or failed(1, $program[0]) }
    open STDIN, '<', '/dev/null';
    for (;;) { exit $? >> 8 if wait == $labd }
}

sub map_ids {
    my ($pid, $file, $text) = @_;
    write_file("/proc/$pid/$file", $text) or failed(1, "/proc/$pid/$file");
}

sub become_user_root {
    my ($mode, $asks, $answers) = @_;
    my ($uid, $gid) = ($<, (split ' ', $()[0]);
    call('unshare', $NEWUSER) or failed(1, 'user namespace');
    if ($mode eq 'rootless') {
        map_ids($$, 'setgroups', 'deny');
        map_ids($$, 'uid_map', "0 $uid 1");
        map_ids($$, 'gid_map', "0 $gid 1");
        return;
    }
    write_all($asks, 'x');
    defined read_all($answers, 1) or exit 1;
    call('setgroups', 0, 0) && call('setresgid', 0, 0, 0) && call('setresuid', 0, 0, 0) or failed(1, 'ids');
}

sub launch {
    my ($mode, $parent, $run, @program) = @_;
    die_with_parent($parent);
    my $self = $$;
    pipe my $hears, my $asks;
    pipe my $answers, my $tells;
    my $inner = fork;
    if ($inner > 0) {
        close $asks;
        close STDIN;
        if ($mode eq 'userns' && defined read_all($hears, 1)) {
            map_ids($inner, 'uid_map', '0 0 65536');
            map_ids($inner, 'gid_map', '0 0 65536');
            write_all($tells, 'x');
        }
        end_like(wait_for($inner));
    }
    close $tells;
    become_user_root($mode, $asks, $answers) if $mode ne 'plain';
    close $asks;
    call('unshare', $NEWNS | $NEWNET | $NEWPID | $NEWUTS | $NEWIPC) or failed(1, 'namespaces');
    die_with_parent($self);
    pipe my $alive, my $life;
    my $init = fork;
    if ($init > 0) {
        close STDIN;
        end_like(wait_for($init));
    }
    close $life;
    call('prctl', $PDEATHSIG, $KILL);
    my $ready = '';
    vec($ready, fileno $alive, 1) = 1;
    exit 1 if select($ready, undef, undef, 0) != 0;
    outer_init($run, @program);
}

# ---- a zone's init ---------------------------------------------------------------------------------------------------

my $control;

sub report {
    my ($line) = @_;
    defined syswrite $control, "$line\n" or exit 1;
}

sub no_boot {
    my ($what, $where) = @_;
    report("E $what $where: $!");
    exit 1;
}

sub join_namespace {
    my ($path) = @_;
    open my $namespace, '<', $path or failed(1, $path);
    call('setns', fileno $namespace, 0) or failed(1, $path);
}

sub loopback_up {
    socket my $any, 2, 2, 0 or failed(1, 'socket');
    my $request = pack 'a16 s x22', 'lo', 0x41;
    ioctl $any, 0x8914, $request or failed(1, 'lo');
}

sub make_mount_point {
    my ($source, $target) = @_;
    -e $source or no_boot('mount', $source);
    return if -e $target;
    if (-d _ || -d $source) { mkdir $target, 0755 or no_boot('mount point', $target) }
    else { open my $file, '>>', $target or no_boot('mount point', $target) }
}

sub one_mount {
    my ($kind, $source, $target, $options) = @_;
    my $quiet = $MS_NOSUID | $MS_NODEV;
    if ($kind eq 'link') {
        symlink $source, $target or no_boot('link', $target);
        return;
    }
    if ($kind eq 'bind' || $kind eq 'rbind') {
        my $recursive = $kind eq 'rbind';
        make_mount_point($source, $target);
        mounted($source, $target, undef, $MS_BIND | ($recursive ? $MS_REC : 0)) or no_boot('mount', $target);
        return if $options ne 'ro';
        set_attributes($target, $recursive ? $RECURSIVE : 0, $MOUNT_RDONLY, 0) or no_boot('mount', $target);
        return;
    }
    $quiet |= $MS_NOEXEC if $kind eq 'proc';
    mkdir $target, 0755;
    mounted($kind, $target, $kind, $quiet, $options) or no_boot('mount', $target);
}

sub enter_root {
    my ($root, @list) = @_;
    mounted(undef, '/', undef, $MS_REC | $MS_PRIVATE) or no_boot('private', '/');
    mounted($root, $root, undef, $MS_BIND | $MS_REC) or no_boot('root', $root);
    while (my ($kind, $source, $target, $options) = splice @list, 0, 4) {
        one_mount($kind, $source, $root . $target, $options);
    }
    my ($here, $there, $old) = ('.', '.', '.');
    chdir $root or no_boot('chdir', $root);
    call('pivot_root', $here, $there) && call('umount2', $old, 2) && chdir '/' or no_boot('pivot', $root);
}

sub run_method {
    my ($method, $failure) = @_;
    my $give_up = sub {
        my ($step) = @_;
        syswrite $failure, "$step: $!";
        kill $KILL, $$;
    };
    open STDIN, '<', '/dev/null';
    umask 022;
    open STDOUT, '>>', $method->{log} or $give_up->($method->{log});
    open STDERR, '>&', \*STDOUT;
    chdir $method->{cwd} or $give_up->($method->{cwd});
    take_ids($method->{uid}, $method->{gid}) or $give_up->('ids');
    %ENV = map { my ($name, $value) = split /=/, $_, 2; ($name => $value) } @{ $method->{env} };
    my @argv = @{ $method->{argv} };
    exec { $argv[0] } @argv or $give_up->($argv[0]);
}

sub take_ids {
    my ($uid, $gid) = map { $_ + 0 } @_;
    return 1 if $uid == 0 && $gid == 0;
    my $groups = pack 'I', $gid;
    return call('setgroups', 1, $groups) && call('setresgid', $gid, $gid, $gid) && call('setresuid', $uid, $uid, $uid);
}

sub hold {
    my ($method) = @_;
    my $id = $method->{id};
    $SIG{CHLD} = $SIG{PIPE} = 'DEFAULT';
    call('prctl', $SUBREAPER, 1);
    call('setsid');
    pipe my $hears, my $failure;
    my $main = fork;
    run_method($method, $failure) if $main == 0;
    close $failure;
    my $trouble = do { local $/; <$hears> };
    if (defined $trouble && $trouble ne '') {
        report("F $id $trouble");
        exit 0;
    }
    report("S $id");
    for (;;) {
        my $pid = wait;
        next if $pid < 0 && $! == $EINTR;
        last if $pid < 0;
        my ($signal, $status) = ($? & 127, $? >> 8);
        if ($pid == $main) { report($signal ? "M $id signal $signal" : "M $id status $status") }
        elsif ($signal) { report("C $id $signal") }
    }
    report("E $id");
    exit 0;
}

# Parents of all living processes.
sub parents {
    opendir my $proc, '/proc' or return;
    my %parent;
    for my $pid (grep {/^\d+$/} readdir $proc) {
        open my $file, '<', "/proc/$pid/stat" or next;
        my $text = <$file>;
        $parent{$pid} = $2 if defined $text && $text =~ /.*\) (\S) (\d+)/s && $1 ne 'Z';
    }
    return %parent;
}

sub signal_members {
    my ($holder, $number) = @_;
    my %parent = parents();
    my %inside = ($holder => 1);
    my $more = 1;
    while ($more) {
        $more = 0;
        for my $pid (keys %parent) {
            next if $inside{$pid} || !$inside{ $parent{$pid} };
            $inside{$pid} = $more = 1;
        }
    }
    delete $inside{$holder};
    # The method before what it started, as it would be at a terminal.
    return kill $number, sort { $a <=> $b } keys %inside;
}

my %holders;

sub serve_run {
    my ($id, $uid, $gid, $cwd, $log, @rest) = @_;
    my @env = splice @rest, 0, shift @rest;
    my @argv = splice @rest, 0, shift @rest;
    my $method = { id => $id, uid => $uid, gid => $gid, cwd => $cwd, log => $log, env => \@env, argv => \@argv };
    my $holder = fork;
    hold($method) if defined $holder && $holder == 0;
    report("F $id fork: $!") if !defined $holder;
    $holders{$id} = $holder;
}

sub serve_kill {
    my ($id, $number) = @_;
    my $holder = $holders{$id};
    return if !$holder || $holder <= 1;
    for (1 .. 100) { last if signal_members($holder, $number) == 0 || $number != $KILL }
}

sub serve {
    for (;;) {
        my $head = read_all($control, 4);
        exit 0 if !defined $head;
        my $body = read_all($control, unpack 'N', $head);
        exit 0 if !defined $body;
        my ($what, @fields) = split /\0/, $body, -1;
        pop @fields;
        serve_run(@fields) if $what eq 'run';
        serve_kill(@fields) if $what eq 'kill';
    }
}

sub zone {
    my ($name, $netns, $global, $root) = @_;
    my $nested = $global ne '-';
    open $control, '+<&=', 3 or failed(1, 'control');
    fcntl $control, $F_SETFD, $CLOEXEC;
    my $list = do { local $/; <STDIN> };
    my @list = split /\0/, $list, -1;
    pop @list;
    if ($netns ne '-') { join_namespace("/run/netns/$netns") }
    else { call('unshare', $NEWNET) or failed(1, 'network namespace') }
    loopback_up();
    join_namespace("/proc/$global/ns/mnt") if $nested;
    call('unshare', $NEWNS | $NEWUTS | $NEWIPC | ($nested ? $NEWPID : 0)) or failed(1, 'namespaces');
    my $init = fork;
    if ($init > 0) {
        report("P $init");
        close $control;
        wait_for($init);
        exit 0;
    }
    my $host_name = "$name";
    call('prctl', $PDEATHSIG, $KILL);
    call('setsid');
    call('sethostname', $host_name, length $host_name) or no_boot('sethostname', $name);
    enter_root($root, @list);
    open STDIN, '<', '/dev/null';
    $SIG{CHLD} = $SIG{PIPE} = 'IGNORE';
    umask 022;
    report('R');
    serve();
}

# ---- into a zone from outside ----------------------------------------------------------------------------------------

# Opens the namespaces of an init, the mount namespace last; joins its pid namespace for children. Empty: it is gone.
sub prepare_to_join {
    my ($pid) = @_;
    my @open;
    for my $name (qw(net uts ipc mnt)) {
        open my $namespace, '<', "/proc/$pid/ns/$name" or return;
        push @open, $namespace;
    }
    my $theirs = readlink "/proc/$pid/ns/pid";
    return if !defined $theirs;
    return (0, @open) if $theirs eq readlink '/proc/self/ns/pid';
    open my $space, '<', "/proc/$pid/ns/pid" or return;
    call('setns', fileno $space, $NEWPID) or return;
    return (1, @open);
}

sub join_all {
    for (@_) { call('setns', fileno $_, 0) or failed(1, 'setns') }
}

sub enter {
    my ($pid, $uid, $gid, $cwd, @program) = @_;
    my ($nested, @namespaces) = prepare_to_join($pid) or failed($CANNOT_REACH, 'zone is gone');
    if ($nested) {
        my $child = fork;
        if ($child > 0) {
            $SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM USR1 USR2);
            close $_ for *STDIN, *STDOUT, *STDERR;
            end_like(wait_for($child));
        }
        call('prctl', $PDEATHSIG, $KILL);
    }
    join_all(@namespaces);
    take_ids($uid, $gid) or failed($CANNOT_REACH, 'ids');
    chdir $cwd or failed($CANNOT_REACH, $cwd);
    exec { $program[0] } @program or failed($! == $ENOENT ? 127 : 126, $program[0]);
}

sub login {
    my ($pid, $input, $home, $shell, $command, @environment) = @_;
    my ($nested, @namespaces) = prepare_to_join($pid) or failed(1, 'zone is gone');
    my $child = fork;
    if ($child == 0) {
        join_all(@namespaces);
        open STDIN, '<', '/dev/null' if $input eq 'null';
        chdir $home or chdir '/' or failed(1, '/');
        %ENV = map { my ($name, $value) = split /=/, $_, 2; ($name => $value) } @environment;
        exec {$shell} 'sh', '-c', $command or failed(1, $shell);
    }
    my $status = wait_for($child);
    exit($status & 127 ? 0 : $status >> 8);
}

sub in_netns {
    my ($netns, @program) = @_;
    join_namespace("/run/netns/$netns");
    exec { $program[0] } @program or failed($! == $ENOENT ? 127 : 126, $program[0]);
}

sub set_sysctls {
    my ($netns, @settings) = @_;
    join_namespace("/run/netns/$netns");
    while (my ($key, $value) = splice @settings, 0, 2) {
        write_file("/proc/sys/net/$key", $value) or failed(1, "/proc/sys/net/$key");
    }
}

# ---- frames on a wire ------------------------------------------------------------------------------------------------

sub packet_socket {
    my ($link) = @_;
    my $all = unpack 'S', pack 'n', 3;
    socket my $wire, 17, 3, $all or failed(1, $link);
    my $request = pack 'a16 x24', $link;
    ioctl $wire, 0x8933, $request or failed(1, $link);
    bind $wire, pack 'S n i S C C a8', 17, 3, unpack('x16 i', $request), 0, 0, 0, '' or failed(1, $link);
    return $wire;
}

sub capture {
    my ($link) = @_;
    my $wire = packet_socket($link);
    # Ends by SIGTERM, when everything that had passed until then is printed.
    local $SIG{TERM} = sub { fcntl $wire, $F_SETFL, $O_NONBLOCK };
    write_all(*STDOUT, "ready\n");
    for (;;) {
        my $from = recv $wire, my $frame, 65536, 0;
        return if !defined $from && $! == $EAGAIN;
        next if !defined $from && ($! == $EINTR || $! == $ENETDOWN);
        failed(1, $link) if !defined $from;
        my $direction = unpack('x10 C', $from) == 4 ? 'out' : 'in';
        write_all(*STDOUT, "$direction " . unpack('H*', $frame) . "\n");
    }
}

sub inject {
    my ($link) = @_;
    my $wire = packet_socket($link);
    while (my $line = <STDIN>) {
        chomp $line;
        my $frame = pack 'H*', $line;
        next if $frame eq '';
        my $done = send $wire, $frame, 0;
        failed(1, $link) if !defined $done || $done != length $frame;
    }
}

my ($program) = $0 =~ m{([^/]*)$};
stand_in($program, @ARGV) if $program ne 'lab' && $program ne 'lab.pl';
my %modes = (
    launch => \&launch, zone => \&zone, enter => \&enter, login => \&login,
    netns => \&in_netns, sysctl => \&set_sysctls, capture => \&capture, inject => \&inject,
);
my $mode = $modes{ shift @ARGV } or failed(2, 'no such mode');
$mode->(@ARGV);
exit 0;
