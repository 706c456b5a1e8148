// The life of a fake pod, as status writes.

package fakenode

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// FateAnnotation gives a pod another fate than to be ready: FateUnready or FateCrash.
const (
	FateAnnotation = "devcluster/fate"
	FateUnready    = "unready"
	FateCrash      = "crash"
)

// jobLasts is how long a pod that is to end runs before it succeeds.
const jobLasts = time.Second

// advance brings a pod one step further: away, running, or succeeded.
func (k *kubelet) advance(ctx context.Context, name cache.ObjectName, pod *v1.Pod) error {
	pods := k.client.CoreV1().Pods(pod.Namespace)
	if pod.Spec.NodeName == "" {
		return nil
	}
	if pod.DeletionTimestamp != nil {
		now := int64(0)
		return pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	}
	ends := pod.Spec.RestartPolicy != v1.RestartPolicyAlways
	switch pod.Status.Phase {
	case v1.PodSucceeded, v1.PodFailed:
		return nil
	case v1.PodRunning:
		if !ends {
			return nil
		}
		if age := time.Since(pod.Status.StartTime.Time); age < jobLasts {
			k.queue.AddAfter(name, jobLasts-age)
			return nil
		}
		pod = succeeded(pod)
	default:
		n := int(k.addresses.Add(1))
		pod = running(pod, fmt.Sprintf("10.244.%d.%d", n/250%250, 1+n%250))
	}
	_, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

func running(original *v1.Pod, address string) *v1.Pod {
	pod, now := original.DeepCopy(), metav1.Now()
	fate := pod.Annotations[FateAnnotation]
	pod.Status.Phase, pod.Status.StartTime = v1.PodRunning, &now
	pod.Status.PodIP, pod.Status.PodIPs = address, []v1.PodIP{{IP: address}}
	state, restarts := v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: now}}, int32(0)
	if fate == FateCrash {
		state, restarts = v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: FateAnnotation}}, 3
	}
	contain(pod, state, restarts, fate == "")
	return pod
}

func succeeded(original *v1.Pod) *v1.Pod {
	pod := original.DeepCopy()
	pod.Status.Phase = v1.PodSucceeded
	contain(pod, v1.ContainerState{Terminated: &v1.ContainerStateTerminated{Reason: "Completed",
		StartedAt: *pod.Status.StartTime, FinishedAt: metav1.Now()}}, 0, false)
	return pod
}

// contain sets the state of all containers, and the pod's conditions as they follow from it.
func contain(pod *v1.Pod, state v1.ContainerState, restarts int32, ready bool) {
	pod.Status.ContainerStatuses = nil
	for _, c := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, v1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image,
			ContainerID: "fake://" + string(pod.UID), State: state, RestartCount: restarts, Ready: ready, Started: &ready})
	}
	condition(pod, v1.PodInitialized, true)
	condition(pod, v1.ContainersReady, ready)
	condition(pod, v1.PodReady, ready)
}

func condition(pod *v1.Pod, kind v1.PodConditionType, holds bool) {
	c := v1.PodCondition{Type: kind, Status: v1.ConditionFalse, LastTransitionTime: metav1.Now()}
	if holds {
		c.Status = v1.ConditionTrue
	}
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			pod.Status.Conditions[i] = c
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, c)
}
