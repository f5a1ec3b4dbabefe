# Makes the namespaces of this shell a host, with stand-ins for systemd and K3s. $place is this directory. Read by sh's `.`.
# Not where the commands stand that count: those are for steps.
PATH=/usr/sbin:/usr/bin
export PATH

mount -t tmpfs none /usr/local/sbin
mount -t tmpfs none /var/lib
cp /etc/passwd /etc/group /etc/machine-id /var/lib/
mount -t tmpfs none /run
mkdir -p /run/cut/enabled /run/cut/active
cp "$place/systemctl.sh" /run/cut/
cp "$place/command.sh" /usr/local/sbin/.command
chmod +x /usr/local/sbin/.command
for name in cat chmod chown cp flock mkdir mktemp mv nft rm rmdir sync systemctl; do
    ln -s .command /usr/local/sbin/$name
done
mount -t tmpfs none /etc
mv /var/lib/passwd /var/lib/group /var/lib/machine-id /etc/
mkdir -p /etc/systemd/system
echo found >/etc/motd
# A K3s that comes back from every restart, for steps that need not wait for it.
printf '#!/bin/sh\n' >/usr/local/sbin/k3s
printf '#!/bin/sh\n' >/usr/local/sbin/sleep
chmod +x /usr/local/sbin/k3s /usr/local/sbin/sleep
: >/etc/systemd/system/k3s.service
: >/run/cut/enabled/k3s.service
: >/run/cut/active/k3s.service
echo 100 >/run/cut/pid.k3s.service
